import { afterEach, expect, it } from 'vitest'
import {
  type ChannelMessage,
  closeChannels,
  follow,
  join,
  leave,
  openChannels,
  present,
  publish,
  renew,
} from '#src/channels/channels.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { ChannelClient, type ChannelMember } from '#src/gateway/realtime/channel-client.ts'
import { systemClock } from '#src/ports/clock.ts'
import { systemTimer } from '#src/ports/timer.ts'

const channel = { did: 'did:plc:group', name: 'board' }
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** The shards as one, which can be restarted. */
function testShard() {
  const open = () => openChannels({ clock: systemClock, timer: systemTimer })
  let channels = open()
  const failures: Error[] = []
  const restart = () => {
    closeChannels(channels)
    channels = open()
  }
  closing.push(() => closeChannels(channels))
  const feature =
    <I, O>(run: (of: typeof channels, input: I) => Promise<O>) =>
    async (input: I): Promise<O> => {
      const failure = failures.shift()
      if (failure !== undefined) throw failure
      return run(channels, input)
    }
  const actions = {
    ...{ join: feature(join), leave: feature(leave), renew: feature(renew) },
    ...{ publish: feature(publish), follow: feature(follow), present: feature(present) },
  }
  const dispatch = { channels: () => ({ channels: actions }) } as Pick<Dispatch, 'channels'>
  return { dispatch, restart, failures, current: () => channels }
}

function gateway(dispatch: Pick<Dispatch, 'channels'>): ChannelClient {
  const client = new ChannelClient({ dispatch, log: { warn: () => {} }, renewMs: 20 })
  closing.push(() => client.close())
  return client
}

function member(id: string, did: string, state = '{}'): ChannelMember & { received: string[] } {
  const received: string[] = []
  const onMessage = (message: ChannelMessage) => {
    const text = message.type === 'ephemeral' ? message.body : message.state
    received.push(`${message.from} ${text}`)
  }
  return { id, channel, did, state, onMessage, onAccessChange: () => {}, received }
}

it('members of two gateways receive the messages of each other', async () => {
  const { dispatch } = testShard()
  const [one, other] = [gateway(dispatch), gateway(dispatch)]
  const [alice, bob] = [member('m1', 'alice'), member('m2', 'bob', '{"n":1}')]
  await one.join(alice)
  expect(await other.join(bob)).toMatchObject({ total: 2 })
  await one.publish(channel, 'alice', '"hello"')
  await expect.poll(() => bob.received).toContain('alice "hello"')
  await expect.poll(() => alice.received).toEqual(['alice {}', 'bob {"n":1}', 'alice "hello"'])
  other.leave(bob)
  await expect.poll(() => alice.received.at(-1)).toBe('bob null')
  expect([one.members, other.members]).toEqual([1, 0])
})

it('members join again after the actor was restarted, and receive what is published then', async () => {
  const { dispatch, restart, current } = testShard()
  const client = gateway(dispatch)
  const alice = member('m1', 'alice')
  await client.join(alice)
  restart()
  await expect.poll(() => current().keyOfMember.size).toBe(1)
  await expect
    .poll(async () => {
      await client.publish(channel, 'bob', '"again"')
      return alice.received
    })
    .toContain('bob "again"')
})

it('a member that could not join is forgotten', async () => {
  const { dispatch, failures } = testShard()
  const client = gateway(dispatch)
  failures.push(new Error('no room'), new Error('no room'))
  await expect(client.join(member('m1', 'alice'))).rejects.toThrow('no room')
  expect(client.members).toBe(0)
})

it('members are renewed, and join again if they are not known', async () => {
  const { dispatch, current } = testShard()
  const client = gateway(dispatch)
  await client.join(member('m1', 'alice'))
  await leave(current(), { member: 'm1' })
  await expect.poll(() => current().keyOfMember.size).toBe(1)
})
