import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { chooseAddresses } from '#src/engine/engine-environment.ts'
import { isRunning } from '#src/engine/engine-process.ts'
import { query } from '#src/engine/engine-store.ts'
import { createLog } from '#src/log.ts'

const log = createLog('silent')
const isLinux = process.platform === 'linux'

let dir: string
let cleanups: (() => unknown)[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-engine-'))
  cleanups = []
})
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

async function start(port?: number): Promise<EmbeddedEngine> {
  const engine = await startEngine({ dir, token: 'a-token', port, log })
  cleanups.push(() => engine.stop())
  return engine
}

const answers = (engine: EmbeddedEngine) =>
  fetch(`${engine.endpoint}/health`).then(
    ({ ok }) => ok,
    () => false,
  )

/** Runs a module, with the project's import names, in a process that can be killed. */
function runModule(
  source: string,
  ...args: string[]
): { child: ChildProcess; line(): Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return { child, line: async () => (await lines.next()).value ?? '' }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const owner = `
  import { startEngine } from '#src/engine/embedded-engine.ts'
  import { isRunning } from '#src/engine/engine-process.ts'
import { createLog } from '#src/log.ts'
  const [, dir] = process.argv
  const engine = await startEngine({ dir, token: 'a-token', log: createLog('silent') })
  console.log(engine.pid, engine.endpoint)
  setInterval(() => {}, 1000)
`

describe('an engine', () => {
  it('the engine answers when it is started, and leaves no process when it is stopped', async () => {
    const engine = await start()
    expect(engine.healthy()).toBe(true)
    expect(await answers(engine)).toBe(true)
    expect(statSync(join(dir, 'engine.log')).mode & 0o777).toBe(0o600)
    const { pid } = engine
    await engine.stop()
    expect(isRunning(pid)).toBe(false)
    expect(engine.healthy()).toBe(false)
    await expect(engine.whenHealthy()).rejects.toThrow(/stopped/)
    expect(existsSync(join(dir, 'engine.pid'))).toBe(false)
  })

  it("the engine's management API requires the token", async () => {
    const { endpoint, token } = await start()
    const ask = (headers: Record<string, string>) =>
      fetch(`${endpoint}/namespaces`, { headers }).then(({ status }) => status)
    expect(await ask({})).toBeGreaterThanOrEqual(400)
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(200)
  })

  it('the engine restarts on the same ports after it was killed', async () => {
    const engine = await start()
    const { pid } = engine
    const down = new Promise<void>((resolve) => engine.onDown(resolve))
    process.kill(pid, 'SIGKILL')
    await down
    expect(engine.healthy()).toBe(false)
    await engine.whenHealthy()
    expect(await answers(engine)).toBe(true)
    expect(engine.pid).not.toBe(pid)
  })

  it("the engine's store is cleared also if the history of its tool is another user's file", async () => {
    const engine = await start()
    await engine.stop()
    const history = join(dir, 'history')
    symlinkSync(join(dir, 'engine.json'), history)
    const addresses = await chooseAddresses(undefined)
    const own = { hasRemoteActors: false, compaction: true }
    const settings = { dir, token: 'a-token', addresses, ...own }
    const queries = [
      'clear --range --yes /rivet/gasoline/kv/worker',
      'ls /rivet/gasoline/kv/worker',
    ]
    expect(await query(settings, queries, history)).toContain('0 entries')
    // Queries would be in the history otherwise.
    expect(readFileSync(join(dir, 'engine.json'), 'utf8')).not.toContain('clear')
  })

  it("the engine's error is reported if it cannot start", async () => {
    writeFileSync(join(dir, 'db'), 'not a store')
    await expect(start()).rejects.toThrow(/did not start:\n.+/s)
    expect(isRunning(Number(readFileSync(join(dir, 'engine.pid'), 'utf8')))).toBe(false)
  })

  it('the engine does not share its ports', async () => {
    const other = createServer()
    cleanups.push(() => other.close())
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as { port: number }
    await expect(start(port)).rejects.toThrow(`Port ${port}`)
  })

  it('the engine ends soon after its parent was killed', async () => {
    const { child, line } = runModule(owner, dir)
    const pid = Number.parseInt(await line(), 10)
    expect(isRunning(pid)).toBe(true)
    await kill(child)
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  it.runIf(isLinux)(
    'the engine of a killed parent is found and ended by the next start',
    async () => {
      const { child, line } = runModule(owner, dir)
      const pid = Number.parseInt(await line(), 10)
      const watcher = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      expect(watcher).toMatch(/^\d+$/)
      process.kill(Number(watcher), 'SIGKILL')
      await kill(child)
      expect(isRunning(pid)).toBe(true)
      const engine = await start()
      expect(isRunning(pid)).toBe(false)
      expect(await answers(engine)).toBe(true)
    },
  )

  it('a process that reuses the pid of a former engine is left alone', async () => {
    const { child } = runModule('setInterval(() => {}, 1000)')
    writeFileSync(join(dir, 'engine.pid'), String(child.pid))
    await start()
    expect(isRunning(child.pid!)).toBe(true)
  })
})

const runner = `
  import { actor, setup } from 'rivetkit'
  import { db } from 'rivetkit/db'
  const [, endpoint] = process.argv
  const onMigrate = (c) => c.execute('CREATE TABLE IF NOT EXISTS note (text TEXT)')
  const add = async (c, text) => {
    await c.db.execute('INSERT INTO note VALUES (?)', text)
    return (await c.db.execute('SELECT text FROM note')).map((row) => row.text)
  }
  const notes = actor({ db: db({ onMigrate }), actions: { add } })
  setup({ use: { notes }, endpoint, token: 'a-token', startServices: false, noWelcome: true }).start()
  console.log('started')
  setInterval(() => {}, 1000)
`

const caller = `
  import { createClient } from 'rivetkit/client'
  const [, endpoint, text, key = 'one'] = process.argv
  const client = createClient({ endpoint, token: 'a-token', disableMetadataLookup: true, devtools: false })
  for (;;) {
    try {
      console.log((await client.notes.getOrCreate([key]).add(text)).join())
      process.exit(0)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
`

describe('an actor', () => {
  const write = (endpoint: string, text: string) => runModule(caller, endpoint, text).line()

  async function run(endpoint: string): Promise<ChildProcess> {
    const { child, line } = runModule(runner, endpoint)
    await line()
    return child
  }

  it("an actor answers at once after its process and the engine's parent were killed", async () => {
    const first = runModule(owner, dir)
    const [pid, endpoint] = (await first.line()).split(' ') as [string, string]
    const process = await run(endpoint)
    expect(await write(endpoint, 'a')).toBe('a')
    await Promise.all([kill(process), kill(first.child)])
    await expect.poll(() => isRunning(Number(pid))).toBe(false)
    const engine = await start()
    const since = Date.now()
    await run(engine.endpoint)
    expect(await write(engine.endpoint, 'b')).toBe('a,b')
    // By default the engine waits for at least a minute.
    expect(Date.now() - since).toBeLessThan(45_000)
  })

  it('an actor stays awake when the engine was killed', async () => {
    const engine = await start()
    await run(engine.endpoint)
    expect(await write(engine.endpoint, 'a')).toBe('a')
    const down = new Promise<void>((resolve) => engine.onDown(resolve))
    process.kill(engine.pid, 'SIGKILL')
    await down
    await engine.whenHealthy()
    const since = Date.now()
    expect(await write(engine.endpoint, 'b')).toBe('a,b')
    expect(await runModule(caller, engine.endpoint, 'c', 'two').line()).toBe('c')
    // Unless the engine forgets the workers of its last run, a new actor waits for half a minute.
    expect(Date.now() - since).toBeLessThan(25_000)
  })
})
