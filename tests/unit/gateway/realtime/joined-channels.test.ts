import { expect, it } from 'vitest'
import { forbidden } from '#src/errors.ts'
import type { ChannelMember } from '#src/gateway/realtime/channel-client.ts'
import { JoinedChannels, type JoinedChannelsPorts } from '#src/gateway/realtime/joined-channels.ts'
import type { Subscriber } from '#src/gateway/realtime/subscriber.ts'

const channel = { did: 'did:plc:group', name: 'board' }
const credential = { kind: 'session', did: 'did:plc:a', scope: 'com.atproto.access', validAt: 0 }

/** The channels of one connection; `isAllowed` is what the record says, and `whileJoining` runs at the shard. */
function testJoinedChannels() {
  const state = { isAllowed: true, until: undefined as number | undefined, whileJoining: () => {} }
  const sent: string[] = []
  const counted: string[] = []
  const members = new Set<ChannelMember>()
  const client = {
    async join(member: ChannelMember) {
      members.add(member)
      state.whileJoining()
      return { present: [{ did: member.did, state: member.state }], total: 1 }
    },
    leave: (member: ChannelMember) => void members.delete(member),
  }
  const access = {
    async mustBeAllowed() {
      if (!state.isAllowed) throw forbidden('no', 'NotAllowed')
      return state.until
    },
  }
  const count = async (what: string) => void counted.push(what)
  const ports = { client, access, count, clock: { now: () => 1_000 }, network: undefined }
  const subscriber = {
    ...{ credential, countedDid: credential.did, hasRoom: true, mustNotBeFull: () => {} },
    send: (name: string) => sent.push(name),
  }
  const settings = { serviceDid: 'did:web:a', preferencesAudience: undefined }
  const joined = new JoinedChannels(
    { ...ports, ...settings } as unknown as JoinedChannelsPorts,
    subscriber as unknown as Subscriber,
  )
  return { joined, state, sent, counted, members, subscriber }
}

it('a member leaves when the access has changed and it is no longer allowed', async () => {
  const { joined, state, sent, members } = testJoinedChannels()
  await joined.join('c1', channel, '{}')
  state.isAllowed = false
  for (const member of members) member.onAccessChange()
  await expect.poll(() => sent).toEqual(['joined', 'left'])
  expect(members.size).toBe(0)
})

it('a member leaves if the access changes while it joins', async () => {
  const { joined, state, sent, members } = testJoinedChannels()
  state.whileJoining = () => {
    state.isAllowed = false
    for (const member of members) member.onAccessChange()
  }
  await joined.join('c1', channel, '{}')
  expect(sent).toEqual(['joined', 'left'])
  expect(members.size).toBe(0)
})

it('a member whose membership has an end leaves then', async () => {
  const { joined, state, sent, members } = testJoinedChannels()
  state.until = 1_020
  await joined.join('c1', channel, '{}')
  state.isAllowed = false
  await expect.poll(() => sent).toEqual(['joined', 'left'])
  expect(members.size).toBe(0)
})

it('messages and changes of presence are dropped while there is no room', async () => {
  const { joined, sent, members, subscriber } = testJoinedChannels()
  await joined.join('c1', channel, '{}')
  const [member] = members
  const say = () => {
    member!.onMessage({
      ...{ type: 'ephemeral', id: 'm', channel, from: 'did:plc:b', body: '1', time: '' },
    })
    member!.onMessage({ type: 'presence', channel, from: 'did:plc:b', state: null })
  }
  subscriber.hasRoom = false
  say()
  expect(sent).toEqual(['joined'])
  subscriber.hasRoom = true
  say()
  expect(sent).toEqual(['joined', 'ephemeral', 'presence'])
})

it('what is refused for its credential is counted too', async () => {
  const { joined, counted, subscriber } = testJoinedChannels()
  subscriber.credential = { ...credential, kind: 'app', scopes: 'atproto' } as never
  await expect(joined.publish(channel, '1')).rejects.toMatchObject({ error: 'ScopeMissing' })
  await expect(joined.join('c1', channel, '{}')).rejects.toMatchObject({ error: 'ScopeMissing' })
  expect(counted).toEqual(['message', 'request'])
})
