import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { SUBSCRIBE_PATH } from '#src/protocol/realtime-names.ts'
import { type ClientOptions, RealtimeClient } from '#tests/support/realtime-client.ts'
import { startRealtimeServer } from '#tests/support/realtime-server.ts'

const alice = 'did:plc:alice'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: { stallTimeoutMs?: number; maxSubscribers?: number } = {}) {
  const server = await startRealtimeServer(options)
  closing.push(() => server.close())
  const as = await server.authorization(alice)
  const connect = (given: ClientOptions = { as }) => {
    const client = new RealtimeClient(server.url, given)
    closing.push(() => client.close())
    return client
  }
  return { ...server, as, connect }
}

it('a listener that reads nothing is told ConsumerTooSlow, and what waits for it is bounded', async () => {
  const { events, connect, realtime } = await start({ stallTimeoutMs: 200 })
  const slow = connect()
  const other = connect()
  await Promise.all([slow.next('ready'), other.next('ready')])
  slow.ws.pause()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 60; i++) {
    const record = { $type: 'a.b.c', text: randomBytes(250_000).toString('hex') }
    await events.commit(alice, { path: `a.b.c/${i}`, record })
  }
  await other.next('commit', ({ rkey }) => rkey === '59')
  // 30 MB in all, of which the ring keeps 16: what is queued for the slow one is not among it.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000)
  await expect.poll(() => realtime.stats.closedBy.get('ConsumerTooSlow')).toBe(1)
  slow.ws.resume()
  expect(await slow.refusal()).toEqual(['ConsumerTooSlow', 1008])
  expect(slow.messages.length).toBeLessThan(60)
  expect(other.closeCode).toBeUndefined()
})

it('a client that asks and does not read is not read either: what waits for it is bounded, and it is told ConsumerTooSlow', async () => {
  const { connect, realtime, authorization, queuedBytes } = await start({ stallTimeoutMs: 500 })
  const channel = { did: 'did:plc:group' }
  const state = { text: 'x'.repeat(3_900) }
  for (let i = 0; i < 20; i++) {
    const other = connect({ as: await authorization(`did:plc:${i}`) })
    await other.next('ready')
    other.send('join', { id: 'c', channel, state })
    await other.next('joined')
  }
  const greedy = connect()
  await greedy.next('ready')
  greedy.ws.pause()
  let most = 0
  const measuring = setInterval(() => {
    most = Math.max(most, queuedBytes())
  }, 2)
  // Each is answered with 80 KB.
  for (let i = 0; i < 5_000; i++) greedy.send('join', { id: 'c', channel })
  await expect.poll(() => realtime.stats.closedBy.get('ConsumerTooSlow')).toBe(1)
  clearInterval(measuring)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(256 * 1024 + 100_000)
  greedy.ws.resume()
  expect(await greedy.refusal()).toEqual(['ConsumerTooSlow', 1008])
})

it('WebSockets and event streams of an address are counted together', async () => {
  const { connect, url, as } = await start({ maxSubscribers: 2 })
  const open = () =>
    fetch(url + SUBSCRIBE_PATH, { headers: { accept: 'text/event-stream', authorization: as } })
  await connect().next('ready')
  const stream = await open()
  expect(stream.status).toBe(200)
  const refused = await open()
  expect([refused.status, await refused.json()]).toMatchObject([
    429,
    { error: 'RateLimitExceeded' },
  ])
  const socket = connect()
  const status = new Promise((resolve) => {
    socket.ws.once('unexpected-response', (_, { statusCode }) => resolve(statusCode))
  })
  expect(await status).toBe(429)
  await stream.body!.cancel()
  await expect.poll(async () => (await open()).status).toBe(200)
})

it('an event stream ends with its session, and says why', async () => {
  const { events, url, as } = await start()
  const headers = { accept: 'text/event-stream', authorization: as }
  const { body } = await fetch(url + SUBSCRIBE_PATH, { headers })
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('event: ready')) text += (await reader.read()).value ?? ''
  await events.addPrivate(alice, '#session', { change: 'ended', kind: 'all' })
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
  expect(text).toMatch(/event: error\ndata: \{"error":"SessionEnded".*\n\n$/)
})

it('connections are told that the server stops', async () => {
  const { connect, close } = await start()
  const client = connect()
  await client.next('ready')
  closing.shift()
  await close()
  await client.next('info', ({ name }) => name === 'Restarting')
  expect(await client.refusal()).toEqual([undefined, 1001])
})

it('a message that came before the client was known is answered', async () => {
  const { connect } = await start()
  const client = connect()
  client.ws.on('open', () => client.send('sub', { id: 'early' }))
  expect(await client.next('subscribed')).toMatchObject({ id: 'early' })
})

it('no connection, replay or event wakes an account; only a channel of another one is looked up there', async () => {
  const { events, connect, called, url, as } = await start()
  const first = connect()
  await first.next('ready')
  await events.commit(alice, { path: 'a.b.c/1' })
  await events.addPrivate(alice, '#session', { change: 'created', kind: 'password' }, 'another')
  await first.next('session')
  const again = connect({ as, query: 'cursor=1' })
  await again.next('ready')
  expect(again.messages.map(({ type }) => type)).toEqual(['commit', 'session', 'ready'])
  const headers = { accept: 'text/event-stream', authorization: as }
  await (await fetch(`${url}${SUBSCRIBE_PATH}?cursor=1`, { headers })).body!.cancel()
  again.send('join', { id: 'own', channel: { did: alice } })
  await again.next('joined')
  expect(called).toEqual([])
  again.send('join', { id: 'other', channel: { did: 'did:plc:group' } })
  await again.next('joined', ({ id }) => id === 'other')
  expect(called).toEqual(['did:plc:group'])
})
