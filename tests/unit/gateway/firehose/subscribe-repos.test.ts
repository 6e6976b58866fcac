import { decodeAll } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import { unavailable } from '#src/errors.ts'
import { FakeLog, flushTasks, testFirehose } from '#tests/support/firehose.ts'

/** A firehose whose log has these seqs. */
async function open(seqs: number[], options: Parameters<typeof testFirehose>[1] = {}) {
  const log = new FakeLog()
  log.append(...seqs)
  const { fanOut, connect } = testFirehose(log, options)
  await fanOut.ready()
  const subscribe = async (cursor?: string) => {
    const peer = connect(cursor)
    await flushTasks()
    return peer
  }
  return { log, fanOut, subscribe }
}

const decoded = (messages: Uint8Array[]) => messages.map((message) => [...decodeAll(message)])

describe('the cursor', () => {
  it('without a cursor only new events are sent', async () => {
    const { log, subscribe } = await open([1, 2])
    const peer = await subscribe()
    log.append(3, 4)
    await flushTasks()
    expect(peer.seqs).toEqual([3, 4])
    expect(log.calls.read).toBe(0)
  })

  it('a cursor in the log: the events after it and new events are sent', async () => {
    const { log, subscribe } = await open([1, 2, 3])
    const peer = await subscribe('1')
    log.append(4)
    await flushTasks()
    expect(peer.seqs).toEqual([2, 3, 4])
  })

  it.each(['0', '-1'])('the cursor %s: the whole log is sent, without #info', async (cursor) => {
    const { subscribe } = await open([5, 6])
    expect((await subscribe(cursor)).seqs).toEqual([5, 6])
  })

  it('a cursor at the head: only new events are sent', async () => {
    const { log, subscribe } = await open([5, 6])
    const peer = await subscribe('6')
    log.append(7)
    await flushTasks()
    expect(peer.seqs).toEqual([7])
  })

  it('a cursor in the future: an error frame is sent and the connection closed', async () => {
    const { subscribe } = await open([5, 6])
    const peer = await subscribe('7')
    expect(decoded(peer.messages)).toEqual([
      [{ op: -1 }, { error: 'FutureCursor', message: 'Cursor in the future.' }],
    ])
    expect(peer.closed).toEqual({ code: 1008, reason: 'FutureCursor' })
  })

  it('a cursor of before the log lost its end: new events are sent, without an error', async () => {
    const { log, subscribe } = await open([5, 6], { notedSeq: () => 9 })
    const peer = await subscribe('9')
    expect((await subscribe('10')).closed?.reason).toBe('FutureCursor')
    log.append(12)
    await flushTasks()
    expect(peer.seqs).toEqual([12])
  })

  it('a cursor older than the window: #info OutdatedCursor is sent, and then the window', async () => {
    const { log, subscribe } = await open([5, 6, 7])
    log.first = 7
    const peer = await subscribe('5')
    const [info, ...events] = decoded(peer.messages) as [{ t: string }, Record<string, unknown>][]
    expect(info).toEqual([
      { op: 1, t: '#info' },
      {
        name: 'OutdatedCursor',
        message: 'Requested cursor exceeded limit. Possibly missing events',
      },
    ])
    expect(events.map(([, body]) => body['seq'])).toEqual([7])
    expect((await subscribe('6')).seqs).toEqual([7])
  })

  it.each(['', 'x', '1.5', '1e3', '99999999999999999999', ' 1'])(
    'the cursor %j is rejected as invalid',
    async (cursor) => {
      const { subscribe } = await open([5])
      const peer = await subscribe(cursor)
      expect(decoded(peer.messages)[0]).toEqual([
        { op: -1 },
        { error: 'InvalidRequest', message: 'cursor must be an integer' },
      ])
      expect(peer.closed?.code).toBe(1008)
    },
  )
})

describe('replay', () => {
  const seqs = Array.from({ length: 40 }, (_, i) => i + 1)

  it('replay reads page by page, each when the one before has been sent', async () => {
    const { log, subscribe } = await open(seqs)
    log.pageSize = 10
    const peer = await subscribe('0')
    expect(peer.seqs).toEqual(seqs)
    const slow = await subscribe('0')
    expect(slow.seqs).toEqual(seqs)
    const { read } = log.calls
    expect(read).toBe(8)
  })

  it('replay stops while the connection takes nothing', async () => {
    const log = new FakeLog()
    log.append(...seqs)
    log.pageSize = 10
    const { fanOut, connect } = testFirehose(log)
    await fanOut.ready()
    const peer = connect('0')
    peer.stall()
    await flushTasks()
    expect(peer.seqs).toEqual(seqs.slice(0, 10))
    expect(log.calls.read).toBe(1)
    peer.drain()
    await flushTasks()
    expect(peer.seqs).toEqual(seqs)
  })

  it('replay does not skip events that are trimmed while it runs', async () => {
    const { log, subscribe } = await open(seqs)
    log.trimmed = 3
    const peer = await subscribe('1')
    expect(peer.closed).toEqual({ code: 1008, reason: 'ConsumerTooSlow' })
  })

  it.each([
    [unavailable('Not just now'), 'ServiceUnavailable', 'Not just now', 1008],
    [new Error('secret'), 'InternalServerError', 'Internal Server Error', 1011],
  ])('replay ends with the error of the log: %s', async (failure, error, message, code) => {
    const { log, subscribe } = await open(seqs)
    log.failures.push(failure)
    const peer = await subscribe('1')
    expect(decoded(peer.messages)).toEqual([[{ op: -1 }, { error, message }]])
    expect(peer.closed?.code).toBe(code)
  })
})

describe('live', () => {
  it('live: a frame is held while the connection is full, and sent afterwards', async () => {
    const { log, subscribe } = await open([])
    const peer = await subscribe()
    peer.stall()
    for (const seq of [1, 2, 3]) {
      log.append(seq)
      await flushTasks()
    }
    expect(peer.seqs).toEqual([1])
    peer.drain()
    expect(peer.seqs).toEqual([1, 2, 3])
  })

  it('live: a subscriber that falls too far behind is disconnected, and no other is', async () => {
    const { log, subscribe } = await open([], { maxBuffer: 3 })
    const [slow, quick] = [await subscribe(), await subscribe()]
    slow.stall()
    for (const seq of [1, 2, 3, 4]) {
      log.append(seq)
      await flushTasks()
    }
    expect(slow.closed).toBeUndefined()
    log.append(5)
    await flushTasks()
    expect(slow.closed).toEqual({ code: 1008, reason: 'ConsumerTooSlow' })
    expect(decoded(slow.messages).at(-1)).toEqual([
      { op: -1 },
      { error: 'ConsumerTooSlow', message: 'Stream consumer too slow' },
    ])
    expect(quick.seqs).toEqual([1, 2, 3, 4, 5])
    expect(quick.closed).toBeUndefined()
  })

  it('live: a subscriber that still catches up is not disconnected as too slow', async () => {
    const log = new FakeLog()
    const { fanOut, connect } = testFirehose(log, { maxBuffer: 3 })
    await fanOut.ready()
    for (const seq of [1, 2, 3, 4, 5, 6]) {
      log.append(seq)
      await flushTasks()
    }
    const peer = connect('0')
    peer.stall()
    await flushTasks()
    expect(peer.seqs).toEqual([1])
    expect(peer.closed).toBeUndefined()
    peer.drain()
    expect(peer.seqs).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('live: a subscriber reads from the log again if the ring dropped its frames', async () => {
    const { log, subscribe } = await open([])
    const peer = await subscribe()
    peer.stall()
    for (const seq of [1, 2, 3]) {
      log.append(seq)
      await flushTasks()
    }
    log.seqs = [1, 3]
    log.erased = 4
    log.append(4)
    await flushTasks()
    peer.drain()
    await flushTasks()
    log.append(5)
    await flushTasks()
    expect(peer.seqs).toEqual([1, 3, 4, 5])
  })

  it('live: the subscription ends with the connection', async () => {
    const { log, subscribe } = await open([])
    const peer = await subscribe()
    peer.ws.terminate()
    await peer.served
    log.append(1)
    await flushTasks()
    expect(peer.sent).toEqual([])
  })

  it('live: a peer that answers no ping is disconnected with a reason', async () => {
    const { subscribe } = await open([])
    const [silent, responsive] = [await subscribe(), await subscribe()]
    const checkAt = (now: number) => {
      for (const { subscriber } of [silent, responsive]) subscriber.check(now)
      if (responsive.pings.length > 0) responsive.ws.emit('pong', responsive.pings.at(-1))
    }
    for (const seconds of [0, 30, 60, 90, 120, 150, 180]) checkAt(seconds * 1000)
    expect(silent.closed).toEqual({ code: 1008, reason: 'NoPong' })
    expect(responsive.closed).toBeUndefined()
    expect([silent.pings.length, responsive.pings.length]).toEqual([1, 7])
  })

  it('live: a pong that answers no ping does not keep a peer connected', async () => {
    const { subscribe } = await open([])
    const peer = await subscribe()
    for (const seconds of [0, 30, 60, 90, 120, 150, 180]) {
      peer.subscriber.check(seconds * 1000)
      peer.ws.emit('pong', Buffer.from('blind'))
    }
    expect(peer.closed?.reason).toBe('NoPong')
  })
})

describe('a slow subscriber', () => {
  /** A subscriber that replays, with frames that wait for it. */
  async function replaying() {
    const log = new FakeLog()
    log.append(1, 2, 3)
    log.pageSize = 1
    const { fanOut, connect } = testFirehose(log)
    await fanOut.ready()
    const peer = connect('0')
    peer.stall()
    await flushTasks()
    return peer
  }

  it('a replaying subscriber that takes nothing for a minute is disconnected, whatever it sends', async () => {
    const peer = await replaying()
    for (const seconds of [0, 20, 40]) {
      peer.subscriber.check(seconds * 1000)
      peer.ws.emit('pong', Buffer.alloc(0))
    }
    expect(peer.closed).toBeUndefined()
    peer.subscriber.check(60_000)
    expect(peer.closed).toEqual({ code: 1008, reason: 'ConsumerTooSlow' })
  })

  it('a subscriber that takes a little of what is queued is not disconnected, and not pinged', async () => {
    const peer = await replaying()
    for (let seconds = 0; seconds <= 600; seconds += 50) {
      peer.subscriber.check(seconds * 1000)
      peer.trickle()
    }
    expect(peer.closed).toBeUndefined()
    expect(peer.pings).toEqual([])
  })
})
