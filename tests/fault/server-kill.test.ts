import { expect, it } from 'vitest'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { auditedRevs, createTestGroup } from '#tests/support/group-client.ts'
import { startServer, type TestServer } from '#tests/support/server.ts'

const isLong = process.env['FAULT_ROUNDS'] !== undefined
const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)
// A kill may hit at a moment when every event was sequenced; then there are more rounds.
const maxRounds = rounds * 8

const killAll = async (server: TestServer) => {
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
}

it.each<[string, (server: TestServer) => Promise<void>]>([
  ['the server and its engine', killAll],
  // The short form leaves it out: the engine ends with its server.
  ...(isLong ? [['the server', (server: TestServer) => server.kill9()]] : []),
] as [string, (server: TestServer) => Promise<void>][])(
  'kill -9 of %s under write load loses, repeats and reorders nothing, and each write of a member of a group has its one row in the audit log',
  async (what, kill) => {
    await using server = await startServer()
    const accounts = await createAccounts(server)
    const owner = accounts[0]!
    const group = await createTestGroup(server, owner, 'cooks')
    const crashTest = new CrashTest(server, [...accounts, group])
    let delivered = 0
    for (let round = 1; round <= rounds || (delivered === 0 && round <= maxRounds); round++) {
      let killedAt = 0
      await crashTest.round(async () => {
        killedAt = Date.now()
        await kill(server)
      }, false)
      const restartedAt = Date.now()
      await server.restart()
      // No account is called: undelivered events are delivered because the accounts get reminders.
      await crashTest.expectAllSequenced()
      crashTest.outagesMs.push(Date.now() - killedAt)
      delivered += crashTest.countLate(killedAt, restartedAt)
    }
    await crashTest.expectNothingUndelivered()
    expect(delivered).toBeGreaterThan(0)
    await crashTest.finish(`kill -9 of ${what}`)
    const revs = await auditedRevs(server, owner, group.did)
    expect(revs).toEqual([...new Set(revs)])
    const ofGroup = crashTest.load.acknowledged.filter(({ did }) => did === group.did)
    const written = ofGroup.flatMap(({ commit }) => commit?.rev ?? [])
    expect(written.length).toBeGreaterThan(0)
    expect(written.filter((rev) => !revs.includes(rev))).toEqual([])
  },
)

it('kill -9 of the engine under write load loses, repeats and reorders nothing, and no request hangs', async () => {
  await using server = await startServer()
  const crashTest = new CrashTest(server, await createAccounts(server))
  for (let round = 1; round <= rounds; round++) {
    await crashTest.round(async () => process.kill(server.enginePid, 'SIGKILL'), true)
  }
  await crashTest.finish('kill -9 of the engine')
})
