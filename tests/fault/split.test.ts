import { it } from 'vitest'
import { createAccounts, Ordeal } from '#tests/helpers/ordeal.ts'
import { startServer } from '#tests/helpers/server.ts'

it('kill -9 of the actors, while the gateway lives on, loses, repeats and reorders nothing', async () => {
  await using server = await startServer({ roles: 'split' })
  const ordeal = new Ordeal(server, await createAccounts(server))
  for (let round = 1; round <= 3; round++) await ordeal.round(() => server.crashActors(), true)
  await ordeal.end('kill -9 of the actors, apart from the gateway')
})
