/** Two releases side by side on one engine: what a rolling deploy may meet. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemas } from '#actors/schemas.ts'
import { createDispatch, type Dispatch } from '#src/engine/dispatch.ts'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import { createRemoteCall } from '#src/engine/remote-call.ts'
import { createLog } from '#src/log.ts'
import { release } from '#src/release.ts'
import { internalToken, newAccount, testSettings } from '#tests/support/actors.ts'
import { SpawnedActors } from '#tests/support/spawned-actors.ts'

const collection = 'com.example.thing'
const dir = mkdtempSync(join(tmpdir(), 'headwater-upgrade-'))
const processes: SpawnedActors[] = []
let engine: EmbeddedEngine

function spawnActors(of: 'older' | 'newer'): Promise<SpawnedActors> {
  const actors = new SpawnedActors({ endpoint: engine.endpoint, release: of })
  processes.push(actors)
  return actors.ready()
}

/** A gateway of a release: it has no actors of its own. */
function gatewayOf(own: number): Dispatch {
  const { endpoint } = engine
  return createDispatch({
    live: new LiveActors(),
    local: false,
    remote: createRemoteCall({ ...address(endpoint), internalToken, release: own }),
    pause: (ms) => pause(ms),
    retryWindowMs: 3_000,
  })
}

const address = (endpoint: string) => ({ endpoint, token: 'engine-token', namespace: 'default' })

beforeAll(async () => {
  const log = createLog('silent')
  engine = await startEngine({ dir, token: 'engine-token', hasRemoteActors: true, log })
})
afterAll(async () => {
  for (const actors of processes) actors.kill()
  await engine.stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

test('a rolling deploy loses no write, and no account goes back to the older release', async () => {
  const older = await spawnActors('older')
  const settings = testSettings(address(engine.endpoint), { sleepTimeoutMs: 1_000 })
  const [alice, bob] = [await newAccount(settings, 'alice'), await newAccount(settings, 'bob')]
  const [oldGateway, newGateway] = [gatewayOf(release), gatewayOf(release + 1)]
  const written: string[] = []
  const write = async (gateway: Dispatch, did: string) => {
    const record = { $type: collection, n: written.length }
    const { uri } = await gateway.account(did).repo.createRecord({ collection, record })
    written.push(uri)
  }
  for (const did of [alice, bob]) await write(oldGateway, did)

  // An action that the older release does not have.
  const recent = (did: string) => newGateway.account(did).repo.recentRecords({ since: '' } as never)
  await expect(recent(alice)).rejects.toMatchObject({
    status: 503,
    error: 'ServiceUnavailable',
    message: 'This server is being upgraded, please try again',
  })
  await write(newGateway, alice)
  expect(older.output).toContain('called by a process of another release')

  // What wakes from now on wakes in the newer process; bob has slept.
  const newer = await spawnActors('newer')
  const inOlder = older.wakes(bob)
  for (let nap = 1; nap <= 3; nap++) {
    await pause(2_000)
    await write(oldGateway, bob)
    expect(newer.wakes(bob)).toBe(nap)
  }
  expect(older.wakes(bob)).toBe(inOlder)

  // The newer process goes: the older one must leave bob's database alone.
  await newer.stop()
  await expect(write(oldGateway, bob)).rejects.toMatchObject({ status: 503 })
  await expect
    .poll(() => write(oldGateway, bob).catch(({ message }) => message))
    .toBe('This server is being upgraded, please try again')
  const known = schemas.account.length
  expect(older.output).toContain(`"found":${known + 1},"known":${known}`)
  expect(older.wakes(bob)).toBe(inOlder)

  // It comes back, and then the older one is stopped.
  const again = await spawnActors('newer')
  await write(oldGateway, bob)
  expect(again.wakes(bob)).toBeGreaterThan(0)
  await older.stop()
  await write(newGateway, alice)
  expect(await recent(alice)).toBeDefined()
  const found = await Promise.all(
    [alice, bob].map(async (did) => {
      const { json } = await newGateway.account(did).repo.listRecords({ collection, limit: 100 })
      return JSON.parse(json).records.map(({ uri }: { uri: string }) => uri) as string[]
    }),
  )
  expect(found.flat().sort()).toEqual(written.toSorted())
  await again.stop()
})
