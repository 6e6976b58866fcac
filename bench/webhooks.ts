/** Webhooks on a whole server: how soon a record is posted to an endpoint: `npx node bench/webhooks.ts`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import WebSocket from 'ws'
import { createAccount, createPost } from './server-under-test.ts'
import { startHeadwater, stopServers } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

const { values: options } = parseArgs({
  options: {
    writes: { type: 'string', default: '300' },
    burst: { type: 'string', default: '2000' },
    writers: { type: 'string', default: '8' },
  },
})
const adminPassword = 'bench'
const toThisMachine = { PDS_DISABLE_SSRF_PROTECTION: 'true' }

function print(row: string, ...figures: string[]): void {
  console.log(`${row.padEnd(58)} ${figures.join(', ')}`)
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, max ${sorted.at(-1)!.toFixed(1)} ms`
}

/** When the message about each record arrived, by its URI. */
const arrivals = new Map<string, number>()
let onArrival = () => {}
const receiver = createServer(async (request, response) => {
  const at = performance.now()
  const { data } = JSON.parse(await text(request)) as { data: { uri?: string } }
  response.writeHead(204).end()
  if (data.uri !== undefined && !arrivals.has(data.uri)) arrivals.set(data.uri, at)
  onArrival()
})

function arrived(count: number): Promise<void> {
  return new Promise((resolve) => {
    onArrival = () => {
      if (arrivals.size >= count) resolve()
    }
    onArrival()
  })
}

async function main(): Promise<void> {
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  const { url } = await startHeadwater({ PDS_ADMIN_PASSWORD: adminPassword, ...toThisMachine })
  const client = new XrpcClient(url)
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  await client.procedure(
    'dev.headwater.webhook.createEndpoint',
    { url: hook, types: ['record.*'], collections: ['app.bsky.*'] },
    { authorization: `Basic ${btoa(`admin:${adminPassword}`)}` },
  )
  const alice = await createAccount(client)
  const [whole, afterAnswer, frames]: [number[], number[], number[]] = [[], [], []]
  const socket = new WebSocket(`${url}/xrpc/com.atproto.sync.subscribeRepos`)
  await once(socket, 'open')
  for (let n = 0; n < Number(options.writes); n++) {
    const framed = once(socket, 'message').then(() => performance.now())
    const begin = performance.now()
    await createPost(client, alice, n)
    const answered = performance.now()
    await arrived(n + 1)
    frames.push((await framed) - answered)
    const at = [...arrivals.values()].at(-1)!
    whole.push(at - begin)
    afterAnswer.push(at - answered)
  }
  socket.close()
  print('answer to a write -> frame of the firehose', percentiles(frames))
  print('answer to a write -> request at the endpoint', percentiles(afterAnswer))
  print('request of a write -> request at the endpoint', percentiles(whole))
  await burst(client)
}

/** Several accounts write without a pause. */
async function burst(client: XrpcClient): Promise<void> {
  const [writers, writes] = [Number(options.writers), Number(options.burst)]
  const accounts = []
  for (let i = 0; i < writers; i++) accounts.push(await createAccount(client))
  const before = arrivals.size
  const begin = performance.now()
  const each = Math.ceil(writes / writers)
  await Promise.all(
    accounts.map(async (account) => {
      for (let n = 0; n < each; n++) await createPost(client, account, n)
    }),
  )
  const written = performance.now()
  await arrived(before + each * writers)
  const delivered = performance.now()
  const rate = (end: number) => `${((each * writers) / ((end - begin) / 1_000)).toFixed(0)}/s`
  print(`${each * writers} writes of ${writers} accounts`, `written ${rate(written)}`)
  print('the same, until the last one has arrived', `delivered ${rate(delivered)}`)
}

try {
  await main()
} finally {
  receiver.close()
  receiver.closeAllConnections()
  await stopServers()
}
