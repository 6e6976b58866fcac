import { describe, expect, it } from 'vitest'
import {
  type ChannelBounds,
  type ChannelMessage,
  closeChannels,
  follow,
  join,
  leave,
  MAX_PRESENT_LENGTH,
  openChannels,
  PRESENCE_MS,
  publish,
  renew,
} from '#src/channels/channels.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const channel = { did: 'did:plc:group', name: 'board' }
const alice = 'did:plc:alice'
const bob = 'did:plc:bob'

const roomy: ChannelBounds = {
  ...{ channels: 100, members: 100, membersPerChannel: 100, membersPerAccount: 100 },
  stateLength: 1000,
}

function testChannels(bounds: Partial<ChannelBounds> = {}) {
  const clock = new TestClock()
  const due = new Set<() => void>()
  const channels = openChannels({
    clock,
    bounds: { ...roomy, ...bounds },
    timer: (_, run) => {
      due.add(run)
      return () => due.delete(run)
    },
  })
  const { epoch } = channels
  return {
    ...{ channels, clock },
    join: (follower: string, member: string, did: string, state = '{}', of = channel) =>
      join(channels, { follower, channel: of, member, did, state }),
    publish: (body: string) => publish(channels, { id: body, channel, from: alice, body }),
    /** What has been sent to a gateway after `after`; does not wait. */
    async sentTo(follower: string, after = 0): Promise<string[]> {
      const page = follow(channels, { follower, epoch, after, waitMs: 0 })
      for (const run of [...due]) run()
      return (await page).messages.map(named)
    },
    later(ms: number) {
      clock.time += ms
      for (const run of [...due]) {
        due.delete(run)
        run()
      }
    },
  }
}

function named(message: ChannelMessage): string {
  const from = message.from.slice('did:plc:'.length)
  return message.type === 'ephemeral'
    ? `${from} says ${message.body}`
    : `${from} is ${message.state}`
}

describe('channels', () => {
  it('a message reaches each gateway that has members in the channel once', async () => {
    const test = testChannels()
    await test.join('g1', 'm1', alice)
    await test.join('g1', 'm2', bob)
    await test.join('g2', 'm3', bob)
    await test.join('g3', 'm4', bob, '{}', { ...channel, name: 'other' })
    await test.publish('1')
    const said = async (gateway: string) =>
      (await test.sentTo(gateway)).filter((one) => one.includes('says'))
    expect(await said('g1')).toEqual(['alice says 1'])
    expect(await said('g2')).toEqual(['alice says 1'])
    expect(await said('g3')).toEqual([])
  })

  it('a gateway waits for a message, and gets those after the last it had', async () => {
    const test = testChannels()
    const { epoch } = await test.join('g1', 'm1', alice)
    const first = await follow(test.channels, { follower: 'g1', epoch, after: 0, waitMs: 1000 })
    expect(first.messages.map(named)).toEqual(['alice is {}'])
    const next = follow(test.channels, { follower: 'g1', epoch, after: first.last, waitMs: 1000 })
    await test.publish('2')
    expect((await next).messages.map(named)).toEqual(['alice says 2'])
  })

  it('an account is present until its last member has left', async () => {
    const test = testChannels()
    await test.join('g1', 'm1', alice, '{"n":1}')
    await test.join('g2', 'm2', bob)
    const { present } = await test.join('g1', 'm3', alice, '{"n":2}')
    expect(present).toEqual([
      { did: alice, state: '{"n":2}' },
      { did: bob, state: '{}' },
    ])
    await leave(test.channels, { member: 'm1' })
    await leave(test.channels, { member: 'm3' })
    await leave(test.channels, { member: 'm3' })
    expect(await test.sentTo('g2')).toEqual(['bob is {}', 'alice is {"n":2}', 'alice is null'])
  })

  it('a member that is not renewed for 30 s has left', async () => {
    const test = testChannels()
    await test.join('g1', 'm1', alice)
    await test.join('g2', 'm2', bob)
    test.later(PRESENCE_MS - 1)
    expect(await renew(test.channels, { follower: 'g1', members: ['m1', 'lost'] })).toEqual({
      unknown: ['lost'],
    })
    test.later(1)
    expect(await test.sentTo('g1')).toEqual(['alice is {}', 'bob is {}', 'bob is null'])
  })

  it('a gateway of an earlier epoch learns of the new one, and misses none of its messages', async () => {
    const test = testChannels()
    await test.join('g1', 'm1', alice)
    const { epoch } = test.channels
    const old = { follower: 'g1', epoch: 'before', after: 70, waitMs: 1000 }
    expect(await follow(test.channels, old)).toEqual({ epoch, last: 0, messages: [] })
    expect(await test.sentTo('g1')).toEqual(['alice is {}'])
  })

  it('a gateway that does not ask for its messages loses the oldest', async () => {
    const test = testChannels()
    await test.join('g1', 'm1', alice)
    for (let i = 0; i < 5_100; i++) await test.publish(String(i))
    expect((await test.sentTo('g1'))[0]).toBe('alice says 100')
  })

  it('closing ends the waiting of gateways', async () => {
    const test = testChannels()
    const { epoch } = await test.join('g1', 'm1', alice)
    const waiting = follow(test.channels, { follower: 'g1', epoch, after: 1, waitMs: 1000 })
    closeChannels(test.channels)
    expect((await waiting).messages).toEqual([])
  })
})

describe('bounds of channels', () => {
  const full = { status: 503, error: 'ChannelFull' }

  it.each<[string, Partial<ChannelBounds>, object]>([
    ['members of a channel', { membersPerChannel: 1 }, full],
    ['members', { members: 1 }, full],
    ['states', { stateLength: 3 }, full],
    ['channels of an account', { membersPerAccount: 1 }, { status: 429 }],
  ])('too many %s are refused, and nothing changes', async (_, bounds, refusal) => {
    const test = testChannels(bounds)
    await test.join('g1', 'm1', alice)
    await expect(test.join('g1', 'm2', alice)).rejects.toMatchObject(refusal)
    const { present } = await test.join('g1', 'm1', alice)
    expect(present).toHaveLength(1)
    await leave(test.channels, { member: 'm1' })
    await test.join('g1', 'm2', alice)
  })

  it('an answer names as many accounts of a full channel as 128,000 letters hold, and says how many there are', async () => {
    const test = testChannels({ stateLength: 1_000_000 })
    const state = JSON.stringify({ text: 'x'.repeat(4_000) })
    for (let i = 0; i < 50; i++) await test.join('g1', `m${i}`, `did:plc:${i}`, state)
    const { present, total } = await test.join('g1', 'm0', 'did:plc:0', state)
    expect(total).toBe(50)
    expect(present).toHaveLength(31)
    expect(JSON.stringify(present).length).toBeLessThan(MAX_PRESENT_LENGTH * 1.1)
  })

  it('too many channels are refused', async () => {
    const test = testChannels({ channels: 1 })
    await test.join('g1', 'm1', alice)
    const other = test.join('g1', 'm2', alice, '{}', { ...channel, name: 'other' })
    await expect(other).rejects.toMatchObject(full)
  })
})
