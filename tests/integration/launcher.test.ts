import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRunning } from '#src/engine/engine-process.ts'
import { freeEnginePort, freePort } from '#tests/support/processes.ts'
import { root } from '#tests/support/sources.ts'

let data: string
let port: number
let launched: Launched[]
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'headwater-launch-'))
  port = await freePort()
  launched = []
})
afterEach(async () => {
  for (const { child, ended } of launched) {
    killGroup(child)
    await ended
  }
  await expect.poll(() => enginePid() === 0 || !isRunning(enginePid())).toBe(true)
  rmSync(data, { recursive: true, force: true, maxRetries: 5 })
})

function killGroup({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH')
  }
}

interface Launched {
  child: ChildProcess
  out(): string
  err(): string
  /** The exit code; null after a signal. */
  ended: Promise<number | null>
}

/** Runs a command in the project's folder, with nothing of the test's environment but the path. */
function launch(
  env: Record<string, string> = {},
  command = [process.execPath, 'src/main.ts'],
): Launched {
  const [program, ...args] = command as [string, ...string[]]
  const settings = { PDS_DATA_DIRECTORY: data, PDS_PORT: String(port), ...env }
  // A process group of its own, so that children of npm can be killed too.
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH: pathOfNode(), ...settings },
    detached: true,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const run = { child, out: () => out, err: () => err, ended }
  launched.push(run)
  return run
}

/** The path with the project's Node first, as npm sets it. */
function pathOfNode(): string {
  return `${join(root, 'node_modules/.bin')}:/usr/local/bin:/usr/bin:/bin`
}

const health = () =>
  fetch(`http://127.0.0.1:${port}/xrpc/_health`).then(
    ({ status }) => status,
    () => 0,
  )

async function launchUp(env?: Record<string, string>, command?: string[]): Promise<Launched> {
  const run = launch(env, command)
  const end = Date.now() + 60_000
  while ((await health()) !== 200) {
    if (run.child.exitCode !== null || Date.now() > end) throw new Error(`not up:\n${run.err()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return run
}

function enginePid(): number {
  const path = join(data, 'engine', 'engine.pid')
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
}

describe('a start', () => {
  it('a start prints its URL, its data folder, the first call to make and one warning of unused variables, and a second start serves the same folder', async () => {
    const first = await launchUp({ PDS_REDIS_SCRATCH_ADDRESS: 'x', PDS_ENTRYWAY_DID: 'x' })
    expect(first.out()).toContain(`Headwater is at http://localhost:${port}`)
    expect(first.out()).toContain(data)
    expect(first.out()).toContain('com.atproto.server.createAccount')
    // One warning for all variables that have no effect.
    expect(first.out().match(/no effect here/g)).toHaveLength(1)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    await launchUp()
    expect(await health()).toBe(200)
  })

  it('a start is refused while the data folder is in use', async () => {
    const first = await launchUp()
    const second = launch({ PDS_PORT: String(await freePort()) })
    expect(await second.ended).toBe(1)
    expect(second.err()).toContain(`Another Headwater (process ${first.child.pid})`)
    expect(await health()).toBe(200)
  })

  it('a start is refused with every configuration error', async () => {
    const run = launch({ PDS_HOSTNAME: 'pds.example.com', PDS_PORT: 'http', PDS_HOSTNAM: 'x' })
    expect(await run.ended).toBe(1)
    for (const name of ['PDS_HOSTNAM ', 'PDS_PORT', 'PDS_JWT_SECRET', 'PDS_ADMIN_PASSWORD']) {
      expect(run.err()).toContain(name)
    }
    expect(run.err()).not.toContain('    at ')
    expect(existsSync(join(data, 'secrets.json'))).toBe(false)
  })

  it('a start on the folder of a reference PDS is refused in words, and writes nothing', async () => {
    writeFileSync(join(data, 'account.sqlite'), '')
    const run = launch()
    expect(await run.ended).toBe(1)
    expect(run.err()).toMatch(/^headwater: .*account\.sqlite belongs to the reference PDS/)
    expect(readdirSync(data)).toEqual(['account.sqlite'])
  })

  it('a start with another key-encryption or rotation key is refused, one with another JWT secret warns', async () => {
    const start = async (env = {}) => {
      const run = await launchUp(env)
      run.child.kill('SIGTERM')
      expect(await run.ended).toBe(0)
      return run
    }
    const key = { PDS_KEY_ENCRYPTION_KEY_HEX: 'ab'.repeat(32) }
    await start(key)
    const refused = launch({ PDS_KEY_ENCRYPTION_KEY_HEX: 'cd'.repeat(32), PDS_ROLE: 'actors' })
    expect(await refused.ended).toBe(1)
    expect(refused.err()).toMatch(/^headwater: PDS_KEY_ENCRYPTION_KEY_HEX .* former key/)
    expect(refused.err()).not.toContain('    at ')
    const rotation = 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'
    const run = launch({ ...key, [rotation]: 'ef'.repeat(32) })
    expect(await run.ended).toBe(1)
    expect(run.err()).toMatch(new RegExp(`^headwater: ${rotation} `))
    const warned = await start({ ...key, PDS_JWT_SECRET: 'another' })
    expect(warned.out()).toContain('PDS_JWT_SECRET has changed')
  })

  it('a start that fails because the port is taken leaves no engine behind', async () => {
    const other = createServer()
    await once(other.listen(port, '127.0.0.1'), 'listening')
    const run = launch()
    expect(await run.ended).toBe(1)
    expect(run.err()).toContain(`Port ${port} of 127.0.0.1 is taken`)
    expect(run.err()).toContain('PDS_PORT')
    expect(enginePid() === 0 || !isRunning(enginePid())).toBe(true)
    other.close()
  })
})

describe('a stop', () => {
  it.each(['SIGINT', 'SIGHUP'] as const)('%s stops the server cleanly', async (signal) => {
    const run = await launchUp()
    const engine = enginePid()
    expect(isRunning(engine)).toBe(true)
    run.child.kill(signal)
    expect(await run.ended).toBe(0)
    expect(isRunning(engine)).toBe(false)
    expect(enginePid()).toBe(0)
    expect(run.err()).toBe('')
    const noise = run
      .out()
      .split('\n')
      .filter((line) => /level=|"level":[456]0/.test(line))
    expect(noise).toEqual([])
  })

  it('a signal to npm start reaches the server', async () => {
    const run = await launchUp({}, ['npm', 'start'])
    const engine = enginePid()
    run.child.kill('SIGTERM')
    await run.ended
    await expect.poll(() => isRunning(engine)).toBe(false)
    expect(await health()).toBe(0)
    expect(enginePid()).toBe(0)
  })
})

describe('after kill -9', () => {
  it('after kill -9 of the server its engine ends, and the next start serves', async () => {
    const first = await launchUp()
    const engine = enginePid()
    first.child.kill('SIGKILL')
    await first.ended
    await expect.poll(() => isRunning(engine)).toBe(false)
    const second = await launchUp()
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  it('after kill -9 of the server an immediate start serves', async () => {
    const first = await launchUp()
    first.child.kill('SIGKILL')
    await first.ended
    await launchUp()
  })

  it('after kill -9 of the engine the server continues with a new one', async () => {
    await launchUp()
    const engine = enginePid()
    process.kill(engine, 'SIGKILL')
    await expect.poll(() => enginePid() !== engine && isRunning(enginePid())).toBe(true)
    expect(await health()).toBe(200)
  })
})

describe('two roles', () => {
  it('the roles gateway and actors share one folder and one engine, and a third process or a gateway without RIVET_ENDPOINT is refused', async () => {
    const engine = await freeEnginePort()
    const actors = launch({ PDS_ROLE: 'actors', PDS_ENGINE_PORT: String(engine) })
    await expect.poll(actors.out).toContain('Headwater (actors)')
    const shared = { PDS_ROLE: 'gateway', RIVET_ENDPOINT: `http://127.0.0.1:${engine}` }
    // It starts no engine, so it must be told where one is.
    const alone = launch({ PDS_ROLE: 'gateway' })
    expect(await alone.ended).toBe(1)
    expect(alone.err()).toContain('RIVET_ENDPOINT')
    const gateway = await launchUp(shared)
    const second = launch({ PDS_ROLE: 'all' })
    expect(await second.ended).toBe(1)
    gateway.child.kill('SIGTERM')
    actors.child.kill('SIGTERM')
    expect(await Promise.all([gateway.ended, actors.ended])).toEqual([0, 0])
    expect(enginePid()).toBe(0)
  })
})
