/** Accounts with events, in two processes on one engine: who wakes them, and who must let them sleep. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'
import { newAccount, testSettings } from '#tests/support/actors.ts'
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

test('an account falls asleep although another process runs, and that process wakes it if its own is killed', async () => {
  const first = await spawnActors('A')
  const { endpoint } = engine
  const address = { endpoint, token: 'engine-token', namespace: 'default' }
  const settings = testSettings(address, { sleepTimeoutMs })
  const did = await newAccount(settings, 'alice')
  const collection = 'com.example.thing'
  // Not createRecord, whose key would be of a slower clock.
  const write = (n: number) =>
    settings.dispatch
      .account(did)
      .repo.putRecord({ collection, rkey: 'one', record: { $type: collection, n } })
  await write(1)
  const second = await spawnActors('B')
  expect(first.isAwake(did)).toBe(true)
  await expect.poll(() => first.isAwake(did)).toBe(false)
  expect([first.wakes(did), second.wakes(did)]).toEqual([1, 0])

  await write(2)
  const [own, other] = first.isAwake(did) ? [first, second] : [second, first]
  expect(own.isAwake(did)).toBe(true)
  const before = other.wakes(did)
  own.kill()
  // It gets no call.
  await expect.poll(() => other.wakes(did)).toBeGreaterThan(before)
  await expect.poll(() => other.isAwake(did)).toBe(false)
})
