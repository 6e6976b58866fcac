import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { isUpgradeTo } from '#src/gateway/http/upgrades.ts'
import { openStreams, type Streams, streamPaths } from '#src/gateway/open-streams.ts'
import { readAccounts } from '#src/sequencer/account-events.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'
import { silent } from '#tests/support/firehose.ts'
import { commitEntry, readFrame, testSequencer } from '#tests/support/test-sequencer.ts'

const did = 'did:plc:alice'
const path = '/xrpc/com.atproto.sync.subscribeRepos'
let running: { server: Server; streams: Streams } | undefined

/** A gateway on a real port, over a sequencer on `node:sqlite`. */
async function start({ maxBuffer = 500, maxSubscribers = 20, stallTimeoutMs = 60_000 } = {}) {
  const sequencer = testSequencer()
  const log = {
    bounds: () => bounds(sequencer),
    read: (query: { after: number; limit: number }) => read(sequencer, query),
    readAccounts: (query: Parameters<typeof readAccounts>[1]) => readAccounts(sequencer, query),
    follow: (query: { after: number; waitMs: number }) => follow(sequencer, query),
  }
  const server = createServer({ shouldUpgradeCallback: isUpgradeTo(streamPaths) }, (_, response) =>
    response.end('http'),
  )
  const directory = { accounts: { getInfos: async () => [] } }
  const streams = openStreams(server, {
    ...{ dispatch: { sequencer: { log }, directory }, log: silent },
    settings: { maxBuffer, maxSubscribers, stallTimeoutMs },
    ...{ addressOf: clientAddress([]), exempt: [] },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running = { server, streams }
  const { port } = server.address() as AddressInfo
  let id = 0
  const write = async (size = 100) => {
    id += 1
    await append(sequencer, { did, entries: [commitEntry(id, did, 'rev', size)] })
  }
  return { firehose: streams.firehose, port, write }
}

function subscribe(port: number, query = '') {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}${query}`)
  const ids: number[] = []
  const frames: Buffer[] = []
  ws.on('message', (data: Buffer) => {
    frames.push(data)
    ids.push(readFrame(data).id)
  })
  const opened = new Promise((resolve) => ws.once('open', resolve))
  const closed = new Promise<number>((resolve) => ws.once('close', resolve))
  const refused = new Promise<number>((resolve) =>
    ws.once('unexpected-response', (_, response) => resolve(response.statusCode!)),
  )
  return { ws, ids, frames, opened, closed, refused }
}

afterEach(async () => {
  await running?.streams.close()
  running?.server.closeAllConnections()
  running?.server.close()
})

it('subscribeRepos sends real clients replay and live frames of every size', async () => {
  const { firehose, port, write } = await start()
  for (const size of [10, 200, 70_000]) await write(size)
  const [old, fresh] = [subscribe(port, '?cursor=0'), subscribe(port)]
  await Promise.all([old.opened, fresh.opened])
  await expect.poll(() => old.ids).toEqual([1, 2, 3])
  expect(firehose.subscribers()).toBe(2)
  for (const size of [1_000_000, 10]) await write(size)
  await expect.poll(() => old.ids).toEqual([1, 2, 3, 4, 5])
  await expect.poll(() => fresh.ids).toEqual([4, 5])
})

it('subscribeRepos disconnects a client that does not read, and no other', async () => {
  const { port, write } = await start({ maxBuffer: 20 })
  const [slow, quick] = [subscribe(port), subscribe(port)]
  await Promise.all([slow.opened, quick.opened])
  slow.ws.pause()
  for (let n = 1; n <= 200; n++) {
    await write(100_000)
    // The clients run in this process too and need their turn.
    if (n % 10 === 0) await expect.poll(() => quick.ids.length, { interval: 1 }).toBe(n)
  }
  slow.ws.resume()
  expect(await slow.closed).toBe(1008)
  expect(slow.ids.length).toBeLessThan(200)
  expect(slow.ids.slice(0, -1)).toEqual(slow.ids.slice(0, -1).map((_, i) => i + 1))
})

it('subscribeRepos closes every connection with a code when the server stops', async () => {
  const { firehose, port } = await start()
  const { opened, closed } = subscribe(port)
  await opened
  await firehose.close()
  expect(await closed).toBe(1001)
  expect(firehose.subscribers()).toBe(0)
})

it.each([
  ['websocket', '/other'],
  ['h2c', '/other'],
  ['h2c', path],
])(
  'an offer to upgrade to %s at %s is ignored, and the connection goes on',
  async (protocol, to) => {
    const { port } = await start()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    const upgrade = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n`
    socket.write(`GET ${to} HTTP/1.1\r\nHost: x\r\n${upgrade}HTTP2-Settings: AAMAAABk\r\n\r\n`)
    await expect.poll(() => answer.match(/HTTP\/1.1 200 OK/g)?.length).toBe(1)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => answer.match(/HTTP\/1.1 200 OK/g)?.length).toBe(2)
    socket.destroy()
  },
)

it('subscribeRepos answers 429 to more subscribers of one address than it may have', async () => {
  const { port } = await start({ maxSubscribers: 2 })
  const first = [subscribe(port), subscribe(port)]
  await Promise.all(first.map(({ opened }) => opened))
  expect(await subscribe(port).refused).toBe(429)
  first[0]!.ws.close()
  await first[0]!.closed
  await expect
    .poll(async () => {
      const { opened, refused } = subscribe(port)
      return Promise.race([refused, opened.then(() => 'opened')])
    })
    .toBe('opened')
})

it('subscribeRepos closes a replaying client that reads nothing, with a reason for when it reads on', async () => {
  const { firehose, port, write } = await start({ stallTimeoutMs: 500 })
  for (let n = 1; n <= 100; n++) await write(200_000)
  const stalled = subscribe(port, '?cursor=0')
  const reason = new Promise((resolve) =>
    stalled.ws.once('close', (code, text) => resolve(`${code} ${text}`)),
  )
  await stalled.opened
  stalled.ws.pause()
  const slow = subscribe(port, '?cursor=0')
  await slow.opened
  const sip = setInterval(() => {
    slow.ws.resume()
    setTimeout(() => slow.ws.pause(), 5)
  }, 50)
  // The frame that says so is the last of what is queued.
  await expect.poll(() => firehose.subscribers()).toBe(1)
  stalled.ws.resume()
  expect(await reason).toBe('1008 ConsumerTooSlow')
  clearInterval(sip)
  expect(slow.ws.readyState).toBe(WebSocket.OPEN)
})

it('subscribeRepos disconnects a client that sends too much', async () => {
  const { port } = await start()
  const { ws, opened, closed } = subscribe(port)
  await opened
  ws.send(Buffer.alloc(10_000))
  expect(await closed).toBe(1009)
})
