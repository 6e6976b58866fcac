/** Streams of pages on a sequencer in memory: what they follow, what ends them, and how many there may be. */
import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'
import { type LivePage, openPageStreams } from '#src/gateway/pages/live/page-streams.ts'
import { openRealtime, type Realtime } from '#src/gateway/realtime/open-realtime.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { builtInRole } from '#src/rules/group-roles.ts'
import { readPrivate } from '#src/sequencer/account-events.ts'
import { testEvents } from '#tests/support/events.ts'
import { silent } from '#tests/support/firehose.ts'

const [group, eddie] = ['did:plc:cooks', 'did:plc:eddie']
const token = 'the token of the browser'
const sessionId = createHash('sha256').update(token).digest('base64url')
const validAt = 1_690_000_000_000
const memberSource: LivePage['source'] = {
  credential: {
    ...{ kind: 'member', did: group, validAt },
    member: { did: eddie, role: 'viewer', scope: builtInRole('viewer')!.scope, asOf: validAt },
  },
  request: { dids: [group] },
}

let events: Awaited<ReturnType<typeof testEvents>>
let realtime: Realtime
let made = 0

beforeEach(async () => {
  made = 0
  events = await testEvents()
  realtime = openRealtime({
    ...{ findAccount: async (did: string) => did, networkOf: (address: string) => address },
    ...{ stream: events.events, log: silent, stallTimeoutMs: 60_000, serviceDid: 'did:web:a' },
    clock: { now: () => validAt },
    preferencesAudience: undefined,
    dispatch: {
      directory: { accounts: { getRepoState: async () => ({ status: 'active' }) } },
      sequencer: {
        log: {
          readPrivate: (query: Parameters<typeof readPrivate>[1]) =>
            readPrivate(events.sequencer, query),
        },
      },
    },
  } as never)
})

afterEach(async () => {
  realtime.close()
  await events.close()
})

function streams(maxSubscribers = 100) {
  const places = new SubscriberPlaces({ maxSubscribers, exempt: [] })
  const live = openPageStreams({
    ...{ realtime, places, addressOf: () => '192.0.2.1', timer: systemTimer, log: silent },
  })
  const app = new Hono<Env>()
  app.get('/live', (c) => {
    const render = async () => [{ cell: 'count', html: String(++made) }]
    const pageToken = { did: eddie, token }
    return live.open(c, { pageToken, validAt, source: memberSource, render })
  })
  app.onError(
    (error) => new Response(null, { status: (error as { status?: number }).status ?? 500 }),
  )
  return async (headers: Record<string, string> = {}) => app.request('/live', { headers })
}

/** Reads until the text is there, or the stream has ended. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read()
    if (done) break
    text += value
  }
  reader.releaseLock()
  return text
}

describe('the stream of a page', () => {
  it('is made again after an event of the group, and after what was missed', async () => {
    const open = streams()
    await events.commit(group, { action: 'create', path: 'com.example.thing/1' } as never)
    await events.settle()
    const before = events.events.head
    const response = await open()
    await events.commit(group, { action: 'create', path: 'com.example.thing/2' } as never)
    const text = await readUntil(response, 'event: position')
    expect(text).toContain('"target":"count"')
    expect(Number(/id: (\d+)/.exec(text)?.[1])).toBeGreaterThan(before)
    const again = await open({ 'last-event-id': String(before) })
    expect(await readUntil(again, 'event: position')).toContain('"target":"count"')
  })

  it('ends when the session of the browser ends', async () => {
    const response = await streams()()
    await events.addPrivate(eddie, '#session', { change: 'ended', kind: 'page' }, sessionId)
    expect(await readUntil(response, 'event: end')).toContain('SessionEnded')
  })

  it('ends when the membership ends', async () => {
    const response = await streams()()
    const removed = { change: 'removed', did: eddie, role: 'viewer' }
    await events.addPrivate(group, '#member', removed, eddie)
    expect(await readUntil(response, 'event: end')).toContain('NotAMember')
  })

  it('is not opened with a session that has ended', async () => {
    await events.addPrivate(eddie, '#session', { change: 'ended', kind: 'page' }, sessionId)
    expect((await streams()()).status).toBe(401)
  })

  it('is not opened for a page of another site', async () => {
    expect((await streams()({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })

  it('is one of eight of a session, whose places are given back', async () => {
    const open = streams()
    const all = await Promise.all(Array.from({ length: 8 }, () => open()))
    expect(all.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect((await open()).status).toBe(429)
    await all[0]!.body!.cancel()
    expect((await open()).status).toBe(200)
  })

  it('counts with the other subscribers of its address', async () => {
    const open = streams(1)
    expect((await open()).status).toBe(200)
    expect((await open()).status).toBe(429)
  })
})
