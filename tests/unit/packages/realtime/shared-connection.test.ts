import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Locks } from '#packages/realtime/src/browser.ts'
import { defaultTiming } from '#packages/realtime/src/connection.ts'
import type { ServerMessage } from '#packages/realtime/src/messages.ts'
import { ServerConnection } from '#packages/realtime/src/server-connection.ts'
import { SharedConnection } from '#packages/realtime/src/shared-connection.ts'
import {
  type FakeRealtimeServer,
  startFakeRealtimeServer,
} from '#tests/support/fake-realtime-server.ts'

// Node has Web Locks and BroadcastChannel too: each SharedConnection stands for a page.
const { locks } = navigator as unknown as { locks: Locks }
const timing = { ...defaultTiming, minBackoffMs: 5, maxBackoffMs: 30, leaderTimeoutMs: 100 }

let server: FakeRealtimeServer
let pages: Page[]
let group: string
beforeEach(async () => {
  server = await startFakeRealtimeServer()
  pages = []
  group = `test ${server.url}`
})
afterEach(async () => {
  for (const { connection } of pages) connection.close()
  await server.close()
})

interface Page {
  connection: SharedConnection
  states: string[]
  seqs: (number | undefined)[]
}

/** A page that subscribes to the account's commits whenever it is connected. */
function openPage(name: string, fetchHandler = server.session.fetchHandler): Page {
  const [states, seqs]: [string[], (number | undefined)[]] = [[], []]
  const connection = new SharedConnection(
    {
      ...{ group, page: name, timing, locks },
      connect: (events) =>
        new ServerConnection(
          { service: server.url, session: { ...server.session, fetchHandler }, timing },
          events,
        ),
    },
    {
      onState(state) {
        states.push(state)
        if (state === 'open') {
          connection.send({ type: 'sub', id: `${name}.1`, did: server.did, kinds: ['commit'] })
        }
      },
      onMessage(message: ServerMessage) {
        if (message.ids?.includes(`${name}.1`)) seqs.push(message.seq)
      },
    },
  )
  const page = { connection, states, seqs }
  pages.push(page)
  connection.start()
  return page
}

const subscribed = () => server.seen.frames.filter(({ $type }) => $type.endsWith('#sub')).length
const emit = () => server.emit({ type: 'commit', collection: 'a.b.c', rkey: 'r', rev: 'v' })

describe('SharedConnection', () => {
  it('ten pages of a browser profile have one connection, and each gets its events', async () => {
    for (let i = 0; i < 10; i++) openPage(`page${i}`)
    await expect.poll(subscribed).toBe(10)
    expect(server.connections).toBe(1)
    const seq = emit()
    await expect.poll(() => pages.map(({ seqs }) => seqs)).toEqual(Array(10).fill([seq]))
  })

  it('if the page with the connection is closed, another one connects', async () => {
    const [first, second, third] = [openPage('a'), openPage('b'), openPage('c')] as const
    await expect.poll(subscribed).toBe(3)
    first.connection.close()
    await expect.poll(subscribed).toBe(5)
    await expect.poll(() => [server.connections, server.seen.upgrades]).toEqual([1, 2])
    const seq = emit()
    await expect.poll(() => [second.seqs, third.seqs]).toEqual([[seq], [seq]])
    expect(first.seqs).toEqual([])
  })

  it('what a page has subscribed to ends with the page', async () => {
    openPage('a')
    const second = openPage('b')
    await expect.poll(subscribed).toBe(2)
    second.connection.close()
    await expect
      .poll(() => server.seen.frames.at(-1))
      .toMatchObject({ $type: 'dev.headwater.realtime.subscribe#unsub', id: 'b.1' })
  })

  it('a page whose leader does not answer takes the connection over', async () => {
    // Holds the lock as a page does that the system has stopped.
    const stopped = locks.request(group, {}, () => new Promise<void>(() => {})).catch(() => {})
    const page = openPage('a')
    await expect.poll(() => page.states, { timeout: 5_000 }).toContain('open')
    await stopped
    const seq = emit()
    await expect.poll(() => page.seqs).toEqual([seq])
  })

  it('a page that lost the connection to another one gets its events from there', async () => {
    const first = openPage('a')
    await expect.poll(() => first.states).toContain('open')
    const taken = new AbortController()
    void locks
      .request(
        group,
        { steal: true },
        () =>
          new Promise((resolve) => {
            taken.signal.addEventListener('abort', () => resolve())
          }),
      )
      .catch(() => {})
    await expect.poll(() => server.connections).toBe(0)
    taken.abort()
    await expect.poll(() => server.seen.upgrades).toBe(2)
    await expect.poll(subscribed).toBe(2)
    const seq = emit()
    await expect.poll(() => first.seqs).toEqual([seq])
  })

  it('if the session of the page with the connection ends, another page goes on with its own', async () => {
    let hasEnded = false
    const first = openPage('a', async (path, init) =>
      hasEnded
        ? Response.json({ error: 'InvalidToken' }, { status: 401 })
        : server.session.fetchHandler(path, init),
    )
    await expect.poll(() => first.states).toContain('open')
    const second = openPage('b')
    await expect.poll(subscribed).toBe(2)
    hasEnded = true
    server.cut()
    await expect.poll(() => first.states.at(-1)).toBe('ended')
    await expect.poll(subscribed).toBe(3)
    const seq = emit()
    await expect.poll(() => second.seqs).toEqual([seq])
    expect(second.states).not.toContain('ended')
  })
})
