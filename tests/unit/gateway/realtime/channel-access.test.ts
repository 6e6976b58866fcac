import { expect, it } from 'vitest'
import { forbidden, invalidRequest } from '#src/errors.ts'
import { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'

const owner = 'did:plc:group'
const channel = { did: owner, name: 'board' }

const clock = { now: () => 0 }

function testAccess(
  record: object | undefined,
  members: Record<string, { expiresAt?: string }> = {},
) {
  let reads = 0
  const kept = { record, members, asked: 0, beforeAnswer: () => {} }
  const access = new ChannelAccess({
    clock,
    findAccount: async (did) => (did === owner ? did : undefined),
    dispatch: {
      directory: {
        memberships: { find: async ({ member }: { member: string }) => members[member] ?? null },
      } as never,
      account: () =>
        ({
          group: {
            async authorize({ member }: { member: string }) {
              kept.asked += 1
              const found = kept.members[member]
              await Promise.resolve()
              kept.beforeAnswer()
              if (found === undefined) throw forbidden('no', 'NotAMember')
              return found
            },
          },
          repo: {
            async getRecord() {
              reads += 1
              const { record: value } = kept
              await Promise.resolve()
              kept.beforeAnswer()
              if (value === undefined) throw invalidRequest('none', 'RecordNotFound')
              return { json: JSON.stringify({ value }) }
            },
          },
        }) as never,
    },
  })
  const may = (did: string) =>
    access.mustBeAllowed(channel, did, undefined).then(
      (until) => until ?? true,
      ({ error }: { error: string }) => error,
    )
  return { access, may, kept, reads: () => reads }
}

it.each([
  ['no record', undefined, [true, 'NotAllowed', 'NotAllowed']],
  ['everyone', { access: 'everyone' }, [true, true, true]],
  ['members', { access: 'members', members: ['did:plc:a'] }, [true, true, 'NotAllowed']],
  ['no members', { access: 'members' }, [true, 'NotAllowed', 'NotAllowed']],
  [
    'an unknown access',
    { access: 'friends', members: ['did:plc:a'] },
    [true, 'NotAllowed', 'NotAllowed'],
  ],
])('a channel with %s is joined by those that it names', async (_, record, expected) => {
  const { may } = testAccess(record)
  expect([await may(owner), await may('did:plc:a'), await may('did:plc:b')]).toEqual(expected)
})

it.each([
  ['no record', undefined, true],
  ['access for members and no list', { access: 'members' }, true],
  ['an empty list of members', { access: 'members', members: [] }, 'NotAllowed'],
  ['a list of other members', { access: 'members', members: ['did:plc:a'] }, 'NotAllowed'],
  ['an unknown access', { access: 'friends' }, 'NotAllowed'],
])('a channel of a group with %s: whether its members may join', async (_, record, expected) => {
  const { may } = testAccess(record, { 'did:plc:eddie': {} })
  expect(await may('did:plc:eddie')).toBe(expected)
  expect(await may('did:plc:b')).toBe('NotAllowed')
})

it('the group is asked once for a member until a membership changes, and not for other DIDs', async () => {
  const { access, may, kept } = testAccess(undefined, { 'did:plc:eddie': {} })
  await may('did:plc:b')
  expect(kept.asked).toBe(0)
  await may('did:plc:eddie')
  expect(await may('did:plc:eddie')).toBe(true)
  expect(kept.asked).toBe(1)
  access.forgetMember(owner, 'did:plc:b')
  await may('did:plc:eddie')
  expect(kept.asked).toBe(1)
  // The directory does not know it yet.
  kept.members = {}
  access.forgetMember(owner, 'did:plc:eddie')
  expect(await may('did:plc:eddie')).toBe('NotAllowed')
})

it('a membership that changes while the group is asked is asked for again', async () => {
  const { access, may, kept } = testAccess(undefined, { 'did:plc:eddie': {} })
  kept.beforeAnswer = () => access.forgetMember(owner, 'did:plc:eddie')
  await may('did:plc:eddie')
  kept.beforeAnswer = () => {}
  await may('did:plc:eddie')
  expect(kept.asked).toBe(2)
})

it('a membership with an end says until when, and is asked for again after it', async () => {
  const { may, kept } = testAccess(undefined, {
    'did:plc:eddie': { expiresAt: new Date(9_000).toISOString() },
    'did:plc:vera': { expiresAt: new Date(-1).toISOString() },
  })
  expect([await may('did:plc:eddie'), await may('did:plc:eddie')]).toEqual([9_000, 9_000])
  expect(kept.asked).toBe(1)
  await may('did:plc:vera')
  await may('did:plc:vera')
  expect(kept.asked).toBe(3)
})

it('a channel of an account of another server is not found', async () => {
  const { access } = testAccess({ access: 'everyone' })
  const other = access.mustBeAllowed(
    { did: 'did:plc:other', name: 'a' },
    'did:plc:other',
    undefined,
  )
  await expect(other).rejects.toMatchObject({ error: 'ChannelNotFound' })
})

it('the record is read once until it changes, and again if it changes while it is read', async () => {
  const { access, may, kept, reads } = testAccess({ access: 'everyone' })
  await may('did:plc:a')
  await may('did:plc:a')
  expect(reads()).toBe(1)
  access.forget(owner, 'board')
  kept.beforeAnswer = () => access.forget(owner, 'board')
  await may('did:plc:a')
  kept.beforeAnswer = () => {}
  kept.record = undefined
  expect(await may('did:plc:a')).toBe('NotAllowed')
  expect(reads()).toBe(3)
})

it('all channels of an account are read again after its state has changed, and no others', async () => {
  const read: string[] = []
  const access = new ChannelAccess({
    clock,
    findAccount: async (did) => did,
    dispatch: {
      directory: {} as never,
      account: (did: string) =>
        ({
          repo: {
            async getRecord({ rkey }: { rkey: string }) {
              read.push(`${did} ${rkey}`)
              return { json: JSON.stringify({ value: { access: 'everyone' } }) }
            },
          },
        }) as never,
    },
  })
  const enterAll = async () => {
    for (const did of [owner, `${owner}2`])
      for (const name of ['a', 'b'])
        await access.mustBeAllowed({ did, name }, 'did:plc:a', undefined)
  }
  await enterAll()
  access.forget(owner)
  read.length = 0
  await enterAll()
  expect(read).toEqual([`${owner} a`, `${owner} b`])
  access.forgetAll()
  read.length = 0
  await enterAll()
  expect(read).toHaveLength(4)
})
