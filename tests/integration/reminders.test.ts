/** Accounts with events, in two processes on one engine: who wakes them, and who must let them sleep. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'
import { newAccount, testSettings } from '#tests/support/actors.ts'
import { privateEventsOf } from '#tests/support/private-log.ts'
import { SpawnedActors } from '#tests/support/spawned-actors.ts'

const sleepTimeoutMs = 4_000
/** With this, a process asks for reminders every second, and is thought to have stopped after 3.5 s. */
const time = { speed: 20, since: Date.now() }
const dir = mkdtempSync(join(tmpdir(), 'headwater-reminders-'))
const processes: SpawnedActors[] = []
let engine: EmbeddedEngine

function spawnActors(processId: string): Promise<SpawnedActors> {
  const { endpoint } = engine
  const actors = new SpawnedActors({
    ...{ endpoint, release: 'this', processId, sleepTimeoutMs },
    ...time,
  })
  processes.push(actors)
  return actors.ready()
}

beforeAll(async () => {
  const log = createLog('silent')
  engine = await startEngine({ dir, token: 'engine-token', hasRemoteActors: true, log })
})
afterAll(async () => {
  for (const actors of processes) actors.kill()
  await engine.stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

test('an account falls asleep although another process runs, and that process wakes it if its own is killed, and loses and repeats no private event', async () => {
  const first = await spawnActors('A')
  const second = await spawnActors('B')
  const { endpoint } = engine
  const address = { endpoint, token: 'engine-token', namespace: 'default' }
  const settings = testSettings(address, { sleepTimeoutMs })
  const did = await newAccount(settings, 'alice')
  /** Has the account store an event; returns the process in which it is awake, and the other one. */
  const write = async () => {
    // Not createRecord, whose key would be of a slower clock.
    await settings.dispatch.account(did).identity.announceIdentity()
    await expect.poll(() => first.isAwake(did) || second.isAwake(did)).toBe(true)
    return first.isAwake(did) ? ([first, second] as const) : ([second, first] as const)
  }
  const [own, other] = await write()
  const wakes = other.wakes(did)
  await expect.poll(() => own.isAwake(did)).toBe(false)
  expect(other.wakes(did)).toBe(wakes)

  const [killed, left] = await write()
  const before = left.wakes(did)
  // The process is killed between the commit and the delivery, or shortly after.
  const secrets = { password: 'abcd-efgh-ijkl-mnop', privileged: false }
  await settings.dispatch.account(did).appPassword.create({ name: 'phone', ...secrets })
  killed.kill()
  // It gets no call.
  await expect.poll(() => left.wakes(did)).toBeGreaterThan(before)
  await expect.poll(() => left.isAwake(did)).toBe(false)
  const events = await privateEventsOf(settings.dispatch, did)
  expect(events.map(({ kind }) => kind)).toEqual(['#session', '#appPassword', '#security'])
})
