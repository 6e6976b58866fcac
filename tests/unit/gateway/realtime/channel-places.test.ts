import { expect, it } from 'vitest'
import { forbidden } from '#src/errors.ts'
import type { ChannelMember } from '#src/gateway/realtime/channel-client.ts'
import { ChannelPlaces, type ChannelPlacesPorts } from '#src/gateway/realtime/channel-places.ts'
import type { Listener } from '#src/gateway/realtime/listener.ts'

const channel = { did: 'did:plc:group', name: 'board' }
const credential = { kind: 'session', did: 'did:plc:a', scope: 'com.atproto.access', validAt: 0 }

/** The channels of one connection; `isAllowed` is what the record says, and `whileEntering` runs at the shard. */
function testPlaces() {
  const state = { isAllowed: true, whileEntering: () => {} }
  const told: string[] = []
  const counted: string[] = []
  const members = new Set<ChannelMember>()
  const client = {
    async enter(member: ChannelMember) {
      members.add(member)
      state.whileEntering()
      return { present: [{ did: member.did, state: member.state }], total: 1 }
    },
    leave: (member: ChannelMember) => void members.delete(member),
  }
  const access = {
    async mustEnter() {
      if (!state.isAllowed) throw forbidden('no', 'NotAllowed')
    },
  }
  const count = async (what: string) => void counted.push(what)
  const ports = { client, access, count, network: undefined }
  const listener = {
    ...{ credential, hasRoom: true, mustHavePlace: () => {} },
    tell: (name: string) => told.push(name),
  }
  const settings = { serviceDid: 'did:web:a', preferencesAudience: undefined }
  const places = new ChannelPlaces(
    { ...ports, ...settings } as unknown as ChannelPlacesPorts,
    listener as unknown as Listener,
  )
  return { places, state, told, counted, members, listener }
}

it('a member leaves when the access has changed and it is no longer allowed', async () => {
  const { places, state, told, members } = testPlaces()
  await places.join('c1', channel, '{}')
  state.isAllowed = false
  for (const member of members) member.onAccessChange()
  await expect.poll(() => told).toEqual(['joined', 'left'])
  expect(members.size).toBe(0)
})

it('a member leaves if the access changes while it enters', async () => {
  const { places, state, told, members } = testPlaces()
  state.whileEntering = () => {
    state.isAllowed = false
    for (const member of members) member.onAccessChange()
  }
  await places.join('c1', channel, '{}')
  expect(told).toEqual(['joined', 'left'])
  expect(members.size).toBe(0)
})

it('messages and changes of presence are dropped while there is no room', async () => {
  const { places, told, members, listener } = testPlaces()
  await places.join('c1', channel, '{}')
  const [member] = members
  const say = () => {
    member!.onMessage({
      ...{ type: 'ephemeral', id: 'm', channel, from: 'did:plc:b', body: '1', time: '' },
    })
    member!.onMessage({ type: 'presence', channel, from: 'did:plc:b', state: null })
  }
  listener.hasRoom = false
  say()
  expect(told).toEqual(['joined'])
  listener.hasRoom = true
  say()
  expect(told).toEqual(['joined', 'ephemeral', 'presence'])
})

it('what is refused for its credential is counted too', async () => {
  const { places, counted, listener } = testPlaces()
  listener.credential = { ...credential, kind: 'app', scopes: 'atproto' } as never
  await expect(places.publish(channel, '1')).rejects.toMatchObject({ error: 'ScopeMissing' })
  await expect(places.join('c1', channel, '{}')).rejects.toMatchObject({ error: 'ScopeMissing' })
  expect(counted).toEqual(['message', 'request'])
})
