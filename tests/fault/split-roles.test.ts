import { it } from 'vitest'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { startServer } from '#tests/support/server.ts'

/** The short form has `cluster.test.ts`, in which the engine goes on. */
const rounds = Number(process.env['FAULT_ROUNDS'] ?? 0)

it.skipIf(rounds === 0)(
  'kill -9 of the actors while the gateway runs loses, repeats and reorders nothing',
  async () => {
    await using server = await startServer({ roles: 'split' })
    const crashTest = new CrashTest(server, await createAccounts(server))
    for (let round = 1; round <= rounds; round++)
      await crashTest.round(() => server.crashActors(), true)
    await crashTest.finish('kill -9 of the actors, apart from the gateway')
  },
)
