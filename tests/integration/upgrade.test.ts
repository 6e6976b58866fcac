/** Two releases side by side on one engine: what a rolling deploy may meet. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDispatch, type Dispatch } from '#src/engine/dispatch.ts'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import { createRemoteCall } from '#src/engine/remote-call.ts'
import { createLog } from '#src/log.ts'
import { release } from '#src/release.ts'
import { internalToken, newAccount, quietEnvironment, testSettings } from '#tests/support/actors.ts'
import { root } from '#tests/support/sources.ts'

const collection = 'com.example.thing'
const dir = mkdtempSync(join(tmpdir(), 'headwater-upgrade-'))
const processes: ActorProcess[] = []
let engine: EmbeddedEngine

class ActorProcess {
  output = ''
  readonly #child: ChildProcess

  constructor(which: 'older' | 'newer') {
    this.#child = spawn(
      process.execPath,
      [join(root, 'tests/support/actor-process.ts'), engine.endpoint, which],
      { env: { ...process.env, ...quietEnvironment }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    processes.push(this)
  }

  async ready(): Promise<this> {
    await expect.poll(() => this.output).toContain('ready')
    return this
  }

  /** How often it has served this account anew. */
  wakes(did: string): number {
    return this.output.split(`woke account ${did}`).length - 1
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
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
  const older = await new ActorProcess('older').ready()
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
  const newer = await new ActorProcess('newer').ready()
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
  expect(older.output).toContain('"found":3,"known":2')
  expect(older.wakes(bob)).toBe(inOlder)

  // It comes back, and then the older one is stopped.
  const again = await new ActorProcess('newer').ready()
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
