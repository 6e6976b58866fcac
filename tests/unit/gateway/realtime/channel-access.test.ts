import { expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'

const owner = 'did:plc:group'
const channel = { did: owner, name: 'board' }

function testAccess(record: object | undefined) {
  let reads = 0
  const kept = { record, beforeAnswer: () => {} }
  const access = new ChannelAccess({
    findAccount: async (did) => (did === owner ? did : undefined),
    dispatch: {
      account: () =>
        ({
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
      () => true,
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
    findAccount: async (did) => did,
    dispatch: {
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
