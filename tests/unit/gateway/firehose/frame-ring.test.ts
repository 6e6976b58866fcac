import { describe, expect, it } from 'vitest'
import { FrameRing, type RingLimits } from '#src/gateway/firehose/frame-ring.ts'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'

const event = (seq: number) => ({ seq, frame: Uint8Array.of(seq) })
const wire = (...seqs: number[]) => frameMessages(seqs.map((seq) => Uint8Array.of(seq))).bytes

/** A ring with everything after 10, in segments of two. */
function ring(limits?: RingLimits) {
  const ring = new FrameRing(limits)
  ring.reset(10)
  ring.append([event(11), event(13)])
  ring.append([event(14), event(17)])
  return ring
}

describe('the ring', () => {
  it('the frame ring returns what follows a seq, anywhere in a segment', () => {
    const full = ring()
    const { covers, behind } = bound(full)
    expect([9, 10, 12, 17, 20].map(covers)).toEqual([false, true, true, true, true])
    expect(full.after(10)).toEqual({ bytes: wire(11, 13), last: 13 })
    expect(full.after(12)).toEqual({ bytes: wire(13), last: 13 })
    expect(full.after(13)).toEqual({ bytes: wire(14, 17), last: 17 })
    expect(full.after(17)).toBeUndefined()
    expect([10, 11, 12, 13, 14, 17, 18].map(behind)).toEqual([4, 3, 3, 2, 1, 0, 0])
  })

  it('the frame ring drops the oldest frames when there are too many', () => {
    const small = ring({ frames: 4, bytes: 1_000 })
    small.append([event(18)])
    expect(small.covers(12)).toBe(false)
    expect(small.after(13)?.last).toBe(17)
    expect(small.countAfter(13)).toBe(3)
  })

  it('the frame ring drops the oldest frames when they are too large', () => {
    const small = ring({ frames: 100, bytes: 20 })
    small.append([{ seq: 20, frame: new Uint8Array(10) }])
    expect(small.covers(12)).toBe(false)
    expect(small.covers(13)).toBe(true)
  })

  it('the frame ring drops frames up to a seq, and still knows its end', () => {
    const forgetful = ring()
    forgetful.dropBefore(14)
    expect([12, 13].map(bound(forgetful).covers)).toEqual([false, true])
    forgetful.dropBefore(17)
    expect([16, 17].map(bound(forgetful).covers)).toEqual([false, true])
    expect(forgetful.head).toBe(17)
  })

  it('the frame ring knows that seqs without an event were skipped', () => {
    const quiet = ring()
    quiet.advance(30)
    expect(quiet.head).toBe(30)
    expect(quiet.after(17)).toBeUndefined()
    quiet.append([event(31)])
    expect(quiet.after(17)).toEqual({ bytes: wire(31), last: 31 })
    quiet.advance(12)
    expect(quiet.head).toBe(31)
  })
})

function bound(ring: FrameRing) {
  return {
    covers: (seq: number) => ring.covers(seq),
    behind: (seq: number) => ring.countAfter(seq),
  }
}
