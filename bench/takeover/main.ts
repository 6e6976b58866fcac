/**
 * A takeover of a real reference PDS, with a verifying consumer throughout: accounts with everything that has to be
 * kept, passes that are killed and repeated while the reference writes, the switch, and the proof that nothing is lost.
 * Run it as `node bench/takeover/main.ts --accounts 30 --kills 4`.
 */
import { ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLog } from '#src/log.ts'
import { startPlcServer } from '#src/plc/plc-server.ts'
import { freeEnginePort, killLeftovers } from '#tests/support/processes.ts'
import { installReference, referenceMain } from '../reference.ts'
import { admin, Owner, type Place } from './accounts.ts'
import { startConsumer } from './consumer.ts'

const { values } = parseArgs({
  options: { accounts: { type: 'string' }, kills: { type: 'string' } },
})
const accountCount = Number(values.accounts ?? 30)
const killCount = Number(values.kills ?? 4)
const AT_ONCE = 6

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'headwater-takeover-'))
const [source, target] = [join(folder, 'reference'), join(folder, 'headwater')]
const children = new Set<ChildProcess>()

async function main(): Promise<void> {
  installReference()
  const plc = await startPlcServer({ path: ':memory:', log: createLog('silent') })
  const plcUrl = plc.url.replace('127.0.0.1', 'localhost')
  const port = await freePort()
  const place = { url: `http://localhost:${port}`, plcUrl, adminPassword: 'admin password' }
  const env = variables(port, place)
  const ownEnv = { ...env, ...(await ownVariables()) }
  mkdirSync(source)
  const reference = start([referenceMain], { ...env, PDS_DATA_DIRECTORY: source })
  await healthy(place)
  const consumer = startConsumer(place.url, plcUrl)
  const owners = Array.from({ length: accountCount }, (_, n) => new Owner(n, place))
  await timed(`${accountCount} accounts at the reference`, () =>
    inTurns(owners, (owner) => owner.create(place)),
  )
  const { code } = (await admin(place, 'com.atproto.server.createInviteCode', {
    useCount: 2,
  })) as { code: string }

  await timed('check', () => takeover(ownEnv, ['--check']))
  let writing = true
  const writes = writeMeanwhile(owners, () => writing)
  for (let i = 0; i < killCount; i++) await killed(ownEnv, [], 1_500 + 700 * i)
  await timed('first pass', () => takeover(ownEnv, []))
  writing = false
  console.log(`${await writes} records written meanwhile`)
  await inTurns(owners, (owner) => owner.noteHead(place))

  const switched = performance.now()
  await stop(reference)
  await stop(start([join(root, 'src/main.ts')], ownEnv), 'refused')
  for (let i = 0; i < killCount; i++) await killed(ownEnv, ['--finish'], 1_500 + 700 * i)
  await timed('last pass and switch', () => takeover(ownEnv, ['--finish']))
  const server = start([join(root, 'src/main.ts')], ownEnv)
  await healthy(place)
  console.log(`the name had no server for ${seconds(switched)} s, ${killCount} kills included`)

  await timed('verified', () => inTurns(owners, (owner) => owner.verify(place, consumer.keyOf)))
  const codes = await admin2(place, 'com.atproto.admin.getInviteCodes')
  ok(
    codes.codes.some((found) => found.code === code),
    'the invite code is gone',
  )
  const active = owners.filter(({ kind }) => kind === 'active')
  const before = consumer.events.length
  await inTurns(active, (owner) => owner.write('the first one of Headwater'))
  await until(() => {
    const after = consumer.events.slice(before)
    return active.every(({ did }) =>
      after.some((event) => event.event === 'create' && event.did === did),
    )
  }, 'the consumer did not get the first commits of Headwater')
  console.log(`the consumer has verified ${consumer.events.length} events`)
  ok(consumer.errors.length <= 40, consumer.errors.map(String).join('\n'))
  const [worst] = consumer.errors.filter(
    (error) => !/ECONNREFUSED|socket hang up|1006/.test(describe(error)),
  )
  if (worst !== undefined) throw worst
  await consumer.end()
  await stop(server)
  await plc.stop()
}

function variables(port: number, { plcUrl, adminPassword }: Place): Record<string, string> {
  return {
    ...{ PDS_HOSTNAME: 'localhost', PDS_PORT: String(port), PDS_DID_PLC_URL: plcUrl },
    ...{ PDS_BLOBSTORE_DISK_LOCATION: join(source, 'blocks'), PDS_DEV_MODE: 'true' },
    ...{ PDS_JWT_SECRET: randomBytes(16).toString('hex'), PDS_ADMIN_PASSWORD: adminPassword },
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: randomBytes(32).toString('hex'),
    ...{ PDS_RATE_LIMITS_ENABLED: 'false', PDS_INVITE_REQUIRED: 'false' },
    ...{ PDS_BSKY_APP_VIEW_URL: 'http://localhost:9', PDS_BSKY_APP_VIEW_DID: 'did:web:none.test' },
  }
}

async function ownVariables(): Promise<Record<string, string>> {
  return {
    ...{ PDS_DATA_DIRECTORY: target, PDS_KEY_ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex') },
    PDS_ENGINE_PORT: String(await freeEnginePort()),
  }
}

async function writeMeanwhile(owners: Owner[], goOn: () => boolean): Promise<number> {
  const active = owners.filter(({ kind }) => kind === 'active')
  let count = 0
  while (goOn()) {
    await active[count % active.length]!.write(`while it is taken over ${count}`)
    count++
    await pause(20)
  }
  return count
}

const command = ['bin/headwater.js', 'takeover', source].map((part, i) =>
  i === 0 ? join(root, part) : part,
)

async function takeover(env: Record<string, string>, flags: string[]): Promise<void> {
  const child = start([...command, ...flags, '--json'], env)
  let [out, err] = ['', '']
  child.stdout!.on('data', (chunk) => (out += chunk))
  child.stderr!.on('data', (chunk) => (err += chunk))
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error(`takeover ${flags.join(' ')}: ${err}${out}`)
  console.log(out.trim().slice(0, 600))
}

/** Killed after so long with everything that it has started; or it has ended before. */
async function killed(env: Record<string, string>, flags: string[], ms: number): Promise<void> {
  const child = start([...command, ...flags], env)
  child.stdout!.resume()
  child.stderr!.resume()
  await Promise.race([once(child, 'close'), pause(ms)])
  if (child.exitCode !== null) {
    console.log(`ended before the kill at ${ms} ms with ${child.exitCode}`)
    return
  }
  process.kill(-child.pid!, 'SIGKILL')
  await once(child, 'close')
  killLeftovers(target)
  console.log(`killed after ${ms} ms`)
}

/** In a process group of its own. */
function start(args: string[], env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, args, {
    ...{ cwd: folder, env: { PATH, HOME, ...env }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (!args.includes('takeover')) for (const out of [child.stdout, child.stderr]) out!.resume()
  children.add(child)
  child.once('close', () => children.delete(child))
  return child
}

async function stop(child: ChildProcess, how: 'ordered' | 'refused' = 'ordered'): Promise<void> {
  const closed = once(child, 'close')
  if (how === 'ordered') child.kill('SIGTERM')
  await closed
  if (how === 'refused') ok(child.exitCode === 1, 'a server started before the takeover was over')
}

async function healthy({ url }: Place): Promise<void> {
  const isUp = () =>
    fetch(`${url}/xrpc/_health`).then(
      (answer) => answer.ok,
      () => false,
    )
  await until(isUp, 'the server does not answer')
}

async function until(test: () => boolean | Promise<boolean>, message: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(100)) if (await test()) return
  throw new Error(message)
}

async function inTurns(owners: Owner[], work: (owner: Owner) => Promise<void>): Promise<void> {
  const waiting = [...owners]
  const turn = async () => {
    for (let owner = waiting.shift(); owner !== undefined; owner = waiting.shift())
      await work(owner)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, turn))
}

async function admin2({ url, adminPassword }: Place, method: string) {
  const credentials = Buffer.from(`admin:${adminPassword}`).toString('base64')
  const headers = { authorization: `Basic ${credentials}` }
  const answer = await fetch(`${url}/xrpc/${method}`, { headers })
  return (await answer.json()) as { codes: { code: string }[] }
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const started = performance.now()
  await work()
  console.log(`${what}: ${seconds(started)} s`)
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
const describe = (error: Error) => `${error.message} ${String(error.cause)}`

function freePort(): Promise<number> {
  const { promise, resolve: found } = Promise.withResolvers<number>()
  const server = createServer().listen(0, () => {
    const { port } = server.address() as { port: number }
    server.close(() => found(port))
  })
  return promise
}

process.once('exit', () => {
  for (const child of children) process.kill(-child.pid!, 'SIGKILL')
  killLeftovers(target)
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

await main()
process.exit(0)
