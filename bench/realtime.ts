/** Listeners to the events of accounts, on a whole server: `npx node bench/realtime.ts`. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import WebSocket from 'ws'
import { createAccount, createPost, type Session } from './server-under-test.ts'
import { freePort, startGateway, startHeadwater, stopServers } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

const { values: options } = parseArgs({
  options: {
    writes: { type: 'string', default: '300' },
    sessions: { type: 'string', default: '200' },
    accounts: { type: 'string', default: '200' },
    connections: { type: 'string', default: '50' },
  },
})
const PATH = '/xrpc/dev.headwater.realtime.subscribe'
/** Accounts fall asleep after it. */
const SLEEP_SECONDS = 10
const adminPassword = 'bench'

function print(row: string, ...figures: string[]): void {
  console.log(`${row.padEnd(58)} ${figures.join(', ')}`)
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, max ${sorted.at(-1)!.toFixed(1)} ms`
}

async function listen(url: string, authorization: string): Promise<WebSocket> {
  const headers = { authorization }
  const socket = new WebSocket(`${url}${PATH}`, 'xrpc.v1.json', {
    headers,
    perMessageDeflate: false,
  })
  const [ready] = await once(socket, 'message')
  if (!String(ready).includes('#ready')) throw new Error(String(ready))
  return socket
}

/** From the answer to a write to its event at the client; negative if the event comes first. */
async function latency(client: XrpcClient, url: string, account: Session): Promise<void> {
  const socket = await listen(url, account.headers['authorization']!)
  const afterAnswer: number[] = []
  const whole: number[] = []
  for (let n = 0; n < Number(options.writes); n++) {
    const heard = once(socket, 'message').then(() => performance.now())
    const begin = performance.now()
    await createPost(client, account, n)
    const answered = performance.now()
    const at = await heard
    afterAnswer.push(at - answered)
    whole.push(at - begin)
  }
  socket.close()
  print('answer to a write -> event', percentiles(afterAnswer))
  print('request of a write -> event', percentiles(whole))
}

/** From the answer to deleteSession to the close of the session's connection, which may be to another gateway. */
async function revocation(
  client: XrpcClient,
  urls: { ended: string; listening: string },
  account: Session,
): Promise<void> {
  const { ended: url, listening } = urls
  const times: number[] = []
  for (let n = 0; n < Number(options.sessions); n++) {
    const { accessJwt, refreshJwt } = await client.procedure<
      Record<'accessJwt' | 'refreshJwt', string>
    >('com.atproto.server.createSession', {
      identifier: account.handle,
      password: account.password,
    })
    const socket = await listen(listening, `Bearer ${accessJwt}`)
    const closed = once(socket, 'close').then(() => performance.now())
    const end = await fetch(`${url}/xrpc/com.atproto.server.deleteSession`, {
      method: 'POST',
      headers: { authorization: `Bearer ${refreshJwt}` },
    })
    if (!end.ok) throw new Error(await end.text())
    const ended = performance.now()
    times.push((await closed) - ended)
  }
  const where = listening === url ? '' : ' at another gateway'
  print(`answer to deleteSession -> connection closed${where}`, percentiles(times))
}

/** In kB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
}

/** In seconds, of user and system. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function awakeAccounts(url: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization } })).text()
  return /^headwater_accounts_awake(?:{[^}]*})? (\d+)/m.exec(metrics)?.[1] ?? 'unknown'
}

async function told(child: ChildProcess, command: object | 'close') {
  const answer = once(child, 'message')
  child.send(command)
  const [result] = (await answer) as [{ opened: number; errors: string[] }]
  return result
}

async function idle(client: XrpcClient, url: string, pid: number): Promise<void> {
  const authorizations: string[] = []
  for (let n = 0; n < Number(options.accounts); n++) {
    const { headers } = await createAccount(client)
    authorizations.push(headers['authorization']!)
  }
  await sleep(2 * SLEEP_SECONDS * 1000)
  const child = fork(join(import.meta.dirname, 'realtime-listeners.ts'))
  const command = { url, authorizations, connectionsEach: Number(options.connections), atOnce: 100 }
  const before = { memory: memoryOf(pid), cpu: cpuOf(pid) }
  const first = await told(child, command)
  const count = first.opened
  const perListener = (memoryOf(pid) - before.memory) / count
  print(`${count} listeners opened`, `${perListener.toFixed(1)} kB each`, ...errorsOf(first))
  print('accounts awake', await awakeAccounts(url))
  const restBegin = cpuOf(pid)
  await sleep(30_000)
  print(
    '30 s with all of them idle',
    `${(((cpuOf(pid) - restBegin) / 30) * 100).toFixed(1)} % of a core`,
  )
  await told(child, 'close')
  const begin = performance.now()
  const second = await told(child, command)
  const seconds = (performance.now() - begin) / 1000
  print(
    `all connect again at once`,
    `${second.opened} in ${seconds.toFixed(1)} s`,
    ...errorsOf(second),
  )
  print('accounts awake', await awakeAccounts(url))
  child.kill()
}

const errorsOf = ({ errors }: { errors: string[] }) =>
  errors.length > 0 ? [errors.join('; ')] : []

try {
  const variables = {
    PDS_RATE_LIMIT_BYPASS_IPS: '127.0.0.1/32',
    PDS_ADMIN_PASSWORD: adminPassword,
    PDS_ACTOR_SLEEP_TIMEOUT_MS: String(SLEEP_SECONDS * 1000),
    PDS_ENGINE_PORT: String(await freePort()),
  }
  const { url, pid } = await startHeadwater(variables)
  const another = await startGateway(variables)
  const client = new XrpcClient(url)
  const account = await createAccount(client)
  await latency(client, url, account)
  await revocation(client, { ended: url, listening: url }, account)
  await revocation(client, { ended: url, listening: another.url }, account)
  await idle(client, url, pid)
  await client.close()
} finally {
  await stopServers()
}
