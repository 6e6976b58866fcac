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
  const members = new Set<ChannelMember>()
  const client = {
    async enter(member: ChannelMember) {
      members.add(member)
      state.whileEntering()
      return [{ did: member.did, state: member.state }]
    },
    leave: (member: ChannelMember) => void members.delete(member),
  }
  const access = {
    async mustEnter() {
      if (!state.isAllowed) throw forbidden('no', 'NotAllowed')
    },
  }
  const ports = { client, access, count: async () => {}, network: undefined }
  const listener = { credential, mustHavePlace: () => {}, tell: (name: string) => told.push(name) }
  const settings = { serviceDid: 'did:web:a', preferencesAudience: undefined }
  const places = new ChannelPlaces(
    { ...ports, ...settings } as unknown as ChannelPlacesPorts,
    listener as unknown as Listener,
  )
  return { places, state, told, members }
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
