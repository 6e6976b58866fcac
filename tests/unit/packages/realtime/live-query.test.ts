import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultTiming } from '#packages/realtime/src/connection.ts'
import { LiveQuery } from '#packages/realtime/src/live-query.ts'
import {
  type CommitEvent,
  Realtime,
  RealtimeFailure,
  type RecordView,
} from '#packages/realtime/src/realtime.ts'
import type { SubscriptionListener } from '#packages/realtime/src/subscription.ts'
import type { Subscriptions } from '#packages/realtime/src/subscriptions.ts'
import {
  type FakeRealtimeServer,
  startFakeRealtimeServer,
} from '#tests/support/fake-realtime-server.ts'

let server: FakeRealtimeServer
let realtime: Realtime
beforeEach(async () => {
  server = await startFakeRealtimeServer()
  const { url: service, session } = server
  realtime = new Realtime({ service, session, timing: { minBackoffMs: 5, maxBackoffMs: 30 } })
})
afterEach(async () => {
  realtime.close()
  await server.close()
})

const collection = 'a.b.c'
const uriOf = (rkey: string) => `at://${server.did}/${collection}/${rkey}`
const recordOf = (rkey: string, n: number) => ({ uri: uriOf(rkey), cid: `c${n}`, value: { n } })

/** A commit event by which the record gets the value `{ n }`, or is deleted. */
const change = (rkey: string, rev: string, n?: number) => {
  const written = n === undefined ? {} : { cid: `c${n}`, record: { n } }
  const operation = n === undefined ? 'delete' : 'update'
  return { type: 'commit', operation, collection, rkey, rev, ...written }
}

const json = (body: unknown, rev?: string, status = 200) =>
  Response.json(body, { status, headers: rev === undefined ? {} : { 'atproto-repo-rev': rev } })

describe('Realtime.record', () => {
  const views = (uri = uriOf('r')) => {
    const seen: (RecordView & { isLive: boolean })[] = []
    const off = realtime.record(uri).subscribe((view) => seen.push(view))
    return { seen, off, values: () => seen.map(({ value }) => value?.['n']) }
  }

  it('Realtime.record reads only after its subscription is confirmed', async () => {
    const framesBefore: string[] = []
    server.answers.set('getRecord', () => {
      framesBefore.push(...server.seen.frames.map(({ $type }) => $type))
      return json(recordOf('r', 1), 'rev1')
    })
    const { seen } = views()
    await expect
      .poll(() => seen)
      .toEqual([{ uri: uriOf('r'), cid: 'c1', value: { n: 1 }, isLive: true }])
    expect(framesBefore).toEqual(['dev.headwater.realtime.subscribe#sub'])
  })

  it('events of a record before, at and after the rev of the answer that was read', async () => {
    server.answers.set('getRecord', async () => {
      // All arrive before the answer.
      server.emit(change('r', 'rev1', 1))
      server.emit(change('r', 'rev2', 2))
      server.emit(change('r', 'rev3', 3))
      server.emit(change('other', 'rev3', 9))
      return json(recordOf('r', 2), 'rev2')
    })
    const { seen, values } = views()
    await expect.poll(values).toEqual([3])
    server.emit(change('other', 'rev4', 9))
    server.emit(change('r', 'rev5', 5))
    await expect.poll(values).toEqual([3, 5])
    server.emit(change('r', 'rev6'))
    await expect.poll(values).toEqual([3, 5, undefined])
    expect(seen.at(-1)).toEqual({ uri: uriOf('r'), cid: undefined, value: undefined, isLive: true })
  })

  it('a record that does not exist is undefined, and appears when it is created', async () => {
    server.answers.set('getRecord', () => json({ error: 'RecordNotFound' }, undefined, 400))
    server.answers.set('getLatestCommit', () => json({ rev: 'rev1' }))
    const { values } = views()
    await expect.poll(values).toEqual([undefined])
    server.emit(change('r', 'rev2', 2))
    await expect.poll(values).toEqual([undefined, 2])
  })

  it('if the answer names no rev, it is read again after the rev of the newest commit', async () => {
    let reads = 0
    server.answers.set('getRecord', () => json(recordOf('r', ++reads)))
    server.answers.set('getLatestCommit', () => {
      server.emit(change('r', 'rev1', 1))
      server.emit(change('r', 'rev2', 2))
      return json({ rev: 'rev1' })
    })
    const { values } = views()
    await expect.poll(values).toEqual([2])
    // The next one asks for the rev first, and reads once.
    const again = views()
    await expect.poll(() => again.values().length).toBe(1)
    expect(reads).toBe(3)
  })

  it('a live record keeps its state through a cut connection, and says that it is not live', async () => {
    let reads = 0
    server.answers.set('getRecord', () => json(recordOf('r', ++reads), 'rev1'))
    const { seen } = views()
    await expect.poll(() => seen.length).toBe(1)
    server.cut()
    await expect.poll(() => seen.map(({ isLive }) => isLive)).toEqual([true, false, true])
    server.emit(change('r', 'rev2', 2))
    await expect.poll(() => seen.map(({ value }) => value?.['n'])).toEqual([1, 1, 1, 2])
    expect(reads).toBe(1)
  })

  it('a live record is read again after a gap, and after the repo was replaced', async () => {
    let reads = 0
    server.answers.set('getRecord', () => json(recordOf('r', ++reads), `rev${reads}`))
    const { values, off } = views()
    await expect.poll(values).toEqual([1])
    server.cut()
    server.state.trimmedTo = server.emit(change('r', 'rev1b', 7))
    await expect.poll(() => values().at(-1)).toBe(2)
    server.emit({ type: 'sync', rev: 'rev3' })
    await expect.poll(() => values().at(-1)).toBe(3)
    off()
    await expect.poll(() => server.seen.frames.at(-1)!.$type).toContain('#unsub')
  })

  it('a read that fails is repeated if that may help, and is an error if not', async () => {
    let reads = 0
    server.answers.set('getRecord', () =>
      ++reads < 3 ? json({}, undefined, 503) : json(recordOf('r', 1), 'rev1'),
    )
    const { values } = views()
    await expect.poll(values).toEqual([1])
    server.answers.set('getRecord', () => json({ error: 'RepoNotFound' }, undefined, 400))
    const errors: string[] = []
    realtime.on('error', ({ error }) => errors.push(error))
    realtime.record(uriOf('s')).subscribe(() => {})
    await expect.poll(() => errors).toEqual(['RepoNotFound'])
    expect(() => realtime.record('at://alice.test/a.b.c/r')).toThrow(TypeError)
  })
})

describe('events that arrive while a live query reads', () => {
  /** A query over the numbers of its events, whose reads the test ends, and what it has shown. */
  function testQuery() {
    const applied: string[] = []
    const shown: [string[], boolean][] = []
    const reads: { end(rev: string): void; fail(): void }[] = []
    let listener: SubscriptionListener | undefined
    const handle = { position: undefined, isLive: true, close() {} }
    const subscriptions = {
      add: (_: object, added: SubscriptionListener) => {
        listener = added
        return handle
      },
    } as unknown as Subscriptions
    const timing = { ...defaultTiming, minBackoffMs: 1, maxBackoffMs: 2 }
    const query = new LiveQuery<string[], { revs: string[] }>(
      { subscriptions, timing, onError: () => {} },
      {
        did: 'did:plc:alice',
        collection,
        read: () =>
          new Promise((resolve, reject) => {
            const unavailable = { error: 'ServiceUnavailable', message: '' }
            reads.push({
              end: (rev) => resolve({ state: [rev], rev }),
              fail: () => reject(new RealtimeFailure(unavailable, 503)),
            })
          }),
        apply: (state, { rev }) => {
          applied.push(rev)
          return [...state, rev]
        },
        view: (revs) => ({ revs }),
      },
    )
    query.subscribe(({ revs, isLive }) => shown.push([revs, isLive]))
    listener!.onSubscribed!()
    const revOf = (n: number) => `rev${String(n).padStart(4, '0')}`
    const emit = (from: number, to: number) => {
      for (let n = from; n <= to; n++) {
        listener!.onEvent({ type: 'commit', rev: revOf(n) } as CommitEvent)
      }
    }
    return { reads, applied, shown, emit, revOf }
  }

  it('do not wait longer than until the next attempt to read, whose answer has them', async () => {
    const { reads, applied, emit, revOf } = testQuery()
    emit(1, 600)
    reads[0]!.fail()
    await expect.poll(() => reads.length).toBe(2)
    emit(601, 603)
    reads[1]!.end(revOf(601))
    await expect.poll(() => applied).toEqual([revOf(602), revOf(603)])
  })

  it('are dropped if there are more than 1,000, and the query reads again', async () => {
    const { reads, shown, emit, revOf } = testQuery()
    emit(1, 1_500)
    reads[0]!.end(revOf(1))
    await expect.poll(() => reads.length).toBe(2)
    expect(shown).toEqual([[[revOf(1)], false]])
    emit(1_501, 1_501)
    reads[1]!.end(revOf(1_500))
    await expect.poll(() => shown.at(-1)).toEqual([[revOf(1_500), revOf(1_501)], true])
    expect(reads).toHaveLength(2)
  })
})

describe('Realtime.collection', () => {
  it('Realtime.collection reads every page, and applies what changed meanwhile and later', async () => {
    server.answers.set('listRecords', (query) => {
      if (query.get('cursor') === null) {
        return json({ records: [recordOf('5', 5), recordOf('4', 4)], cursor: '4' }, 'rev1')
      }
      server.emit(change('6', 'rev2', 6))
      server.emit(change('4', 'rev1', 0))
      return json({ records: [recordOf('2', 2)] }, 'rev2')
    })
    const seen: unknown[][] = []
    realtime.collection(collection).subscribe(({ records }) => {
      seen.push(records.map(({ value }) => value['n']))
    })
    await expect.poll(() => seen).toEqual([[6, 5, 4, 2]])
    server.emit(change('3', 'rev3', 3))
    server.emit(change('5', 'rev3', 50))
    server.emit(change('2', 'rev4'))
    server.emit(change('9', 'rev4'))
    server.emit(change('1', 'rev5', 1))
    await expect.poll(() => seen.at(-1)).toEqual([6, 50, 4, 3, 1])
    expect(seen).toHaveLength(5)
  })

  it('Realtime.collection keeps at most its limit of records, those with the highest keys', async () => {
    server.answers.set('listRecords', (query) => {
      expect(query.get('limit')).toBe('2')
      return json({ records: [recordOf('5', 5), recordOf('4', 4)], cursor: '4' }, 'rev1')
    })
    const seen: unknown[][] = []
    realtime.collection(collection, { limit: 2 }).subscribe(({ records }) => {
      seen.push(records.map(({ value }) => value['n']))
    })
    await expect.poll(() => seen.length).toBe(1)
    server.emit(change('3', 'rev2', 3))
    server.emit(change('6', 'rev3', 6))
    await expect
      .poll(() => seen)
      .toEqual([
        [5, 4],
        [6, 5],
      ])
  })
})
