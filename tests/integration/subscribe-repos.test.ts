import { createServer, get, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { attachSubscribeRepos, type Firehose } from '#src/gateway/firehose/subscribe-repos.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'
import { silent } from '#tests/support/firehose.ts'
import { commitEntry, readFrame, testSequencer } from '#tests/support/test-sequencer.ts'

const did = 'did:plc:alice'
const path = '/xrpc/com.atproto.sync.subscribeRepos'
let running: { server: Server; firehose: Firehose } | undefined

/** A gateway on a real port, over a sequencer on `node:sqlite`. */
async function start(maxBuffer = 500) {
  const sequencer = testSequencer()
  const log = {
    bounds: () => bounds(sequencer),
    read: (query: { after: number; limit: number }) => read(sequencer, query),
    follow: (query: { after: number; waitMs: number }) => follow(sequencer, query),
  }
  const server = createServer((_, response) => response.end('http'))
  const dispatch = { sequencer: { log } }
  const firehose = attachSubscribeRepos(server, { dispatch, log: silent, settings: { maxBuffer } })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running = { server, firehose }
  const { port } = server.address() as AddressInfo
  let id = 0
  const write = async (size = 100) => {
    id += 1
    await append(sequencer, { did, entries: [commitEntry(id, did, 'rev', size)] })
  }
  return { firehose, port, write }
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
  return { ws, ids, frames, opened, closed }
}

afterEach(async () => {
  await running?.firehose.close()
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
  const { port, write } = await start(20)
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

it('subscribeRepos rejects other upgrades', async () => {
  const { port } = await start()
  const socket = connect(port, '127.0.0.1')
  const answer: Buffer[] = []
  socket.on('data', (data) => answer.push(data))
  socket.write(
    'GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  await new Promise((resolve) => socket.on('close', resolve))
  expect(answer).toEqual([])
  const status = await new Promise((resolve) =>
    get({ port, host: '127.0.0.1' }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }),
  )
  expect(status).toBe(200)
})

it('subscribeRepos disconnects a client that sends too much', async () => {
  const { port } = await start()
  const { ws, opened, closed } = subscribe(port)
  await opened
  ws.send(Buffer.alloc(10_000))
  expect(await closed).toBe(1009)
})
