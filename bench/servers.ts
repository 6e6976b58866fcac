/** Starts a PLC directory, the reference PDS and Headwater, each on a free port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '#src/log.ts'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'
import { installReference, referenceMain } from './reference.ts'

export interface Server {
  name: string
  url: string
  /** The PLC directory of both. */
  plcUrl: string
}

export interface RunningServer extends Server {
  pid: number
}

/** Further variables for one of the servers. */
export type ExtraVariables = (name: string) => Record<string, string>

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
const children: ChildProcess[] = []
let plcDirectory: PlcServer | undefined

/**
 * Starts both servers and their PLC directory, and waits until they answer. `stopServers` ends them.
 */
export async function startServers(more: ExtraVariables = () => ({})): Promise<Server[]> {
  installReference()
  const plc = await startPlc()
  return [
    await startPds('reference', [referenceMain], {
      PDS_DID_PLC_URL: plc,
      PDS_BLOBSTORE_DISK_LOCATION: join(folder, 'reference/blobs'),
      PDS_JWT_SECRET: randomBytes(16).toString('hex'),
      PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: randomBytes(32).toString('hex'),
      PDS_ADMIN_PASSWORD: randomBytes(16).toString('hex'),
      PDS_DEV_MODE: 'true',
      PDS_RATE_LIMITS_ENABLED: 'false',
      LOG_ENABLED: 'true',
      ...more('reference'),
    }),
    await startHeadwaterOn(plc, more('headwater')),
  ]
}

/** Starts Headwater alone, with a PLC directory. */
export async function startHeadwater(more: Record<string, string>): Promise<RunningServer> {
  return startHeadwaterOn(await startPlc(), more)
}

async function startPlc(): Promise<string> {
  plcDirectory = await startPlcServer({ path: ':memory:', log: createLog('silent') })
  // The reference accepts no directory by its IP address.
  return plcDirectory.url.replace('127.0.0.1', 'localhost')
}

function startHeadwaterOn(plc: string, more: Record<string, string>): Promise<RunningServer> {
  return startPds('headwater', startArguments(), {
    PDS_DID_PLC_URL: plc,
    // As in production: without a host name the default logs every request.
    LOG_LEVEL: 'info',
    // All subscribers of a phase come from this machine.
    PDS_MAX_SUBSCRIBERS_PER_ADDRESS: '1000',
    ...more,
  })
}

/** Starts another gateway of Headwater, which runs with the variables `more`, PDS_ENGINE_PORT among them. */
export async function startGateway(more: Record<string, string>): Promise<RunningServer> {
  const secrets = JSON.parse(readFileSync(join(folder, 'headwater/secrets.json'), 'utf8'))
  return startPds('gateway', startArguments(), {
    ...more,
    PDS_ROLE: 'gateway',
    PDS_DID_PLC_URL: plcDirectory!.url.replace('127.0.0.1', 'localhost'),
    PDS_JWT_SECRET: secrets.jwtSecret,
    PDS_INTERNAL_TOKEN: secrets.internalToken,
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secrets.plcRotationKeyHex,
    PDS_KEY_ENCRYPTION_KEY_HEX: secrets.sealKeyHex,
    RIVET_ENDPOINT: `http://127.0.0.1:${more['PDS_ENGINE_PORT']}`,
    RIVET_TOKEN: secrets.engineToken,
    PDS_ENGINE_PORT: undefined,
    LOG_LEVEL: 'info',
  })
}

/** Stops everything in reverse order, and removes the data. */
export async function stopServers(): Promise<void> {
  for (const child of children.splice(0).reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = new Promise((end) => child.once('exit', end))
    child.kill('SIGTERM')
    await Promise.race([
      ended,
      sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL')),
    ])
  }
  await plcDirectory?.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** The arguments with which `npm start` runs Node. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, , ...args] = (scripts.start as string).split(' ')
  return [...args.slice(0, -1), join(root, args.at(-1)!)]
}

async function startPds(
  name: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<RunningServer> {
  const port = await freePort()
  const data = join(folder, name)
  mkdirSync(data, { recursive: true })
  const pid = start(name, args, {
    PDS_PORT: String(port),
    PDS_HOSTNAME: name === 'reference' ? 'localhost' : undefined,
    PDS_DATA_DIRECTORY: data,
    PDS_INVITE_REQUIRED: 'false',
    ...env,
  })
  const url = `http://127.0.0.1:${port}`
  await waitUntilHealthy(name, `${url}/xrpc/_health`)
  return { name, url, plcUrl: env['PDS_DID_PLC_URL']!, pid }
}

function start(name: string, args: string[], env: NodeJS.ProcessEnv): number {
  const log = openSync(join(folder, `${name}.log`), 'w')
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  })
  children.push(child)
  return child.pid!
}

async function waitUntilHealthy(name: string, url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(url).catch(() => null)
    if (answer?.ok) return
    await sleep(100)
  }
  const log = readFileSync(join(folder, `${name}.log`), 'utf8')
  throw new Error(`no answer from ${name}\n${log.slice(-2000)}`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
