import { it } from 'vitest'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { startServer } from '#tests/support/server.ts'

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)

it('kill -9 of the actors while the gateway runs loses, repeats and reorders nothing', async () => {
  await using server = await startServer({ roles: 'split' })
  const crashTest = new CrashTest(server, await createAccounts(server))
  for (let round = 1; round <= rounds; round++)
    await crashTest.round(() => server.crashActors(), true)
  await crashTest.finish('kill -9 of the actors, apart from the gateway')
})
