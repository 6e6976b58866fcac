import { describe, expect, it } from 'vitest'
import {
  confirmAccount,
  findInitialState,
  findMembership,
  isGroup,
  listMemberships,
  releaseReservation,
  removeDeletedAccount,
  reserveAccount,
  setMemberships,
  setState,
} from '#src/directory/directory.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

const olga = 'did:plc:olga'
const eddie = 'did:plc:eddie'
const key = { signingKey: Uint8Array.of(1), signingKeyDid: 'did:key:z' }
const members = [
  { did: olga, role: 'owner', kind: 'person' },
  { did: eddie, role: 'editor', kind: 'person' },
] as const
const group = { creator: olga, members, roles: [], records: [] }
const confirmation = { passwordHash: null, tokenId: 't', createdAt: '2026-01-01T00:00:00.000Z' }

function reserve(directory: Directory, name: string, maxGroups = 10) {
  const names = { did: `did:plc:${name}`, handle: `${name}.test`, email: null }
  return reserveAccount(directory, { ...names, ...key, group, maxGroups })
}

async function createGroup(directory: Directory, name: string): Promise<string> {
  await reserve(directory, name)
  const did = `did:plc:${name}`
  await confirmAccount(directory, { did, ...confirmation })
  return did
}

const groupsOf = async (directory: Directory, member: string) =>
  (await listMemberships(directory, { member, limit: 50 })).groups

describe('memberships', () => {
  it('are as the group has told last', async () => {
    const directory = testDirectory()
    const did = await createGroup(directory, 'cooks')
    const role = { did: eddie, role: 'viewer', expiresAt: null }
    for (let i = 0; i < 2; i++)
      await setMemberships(directory, { account: did, memberships: [role] })
    expect(await groupsOf(directory, eddie)).toEqual([
      { did, handle: 'cooks.test', status: 'active', role: 'viewer' },
    ])
    const gone = { did: eddie, role: null, expiresAt: null }
    await setMemberships(directory, { account: did, memberships: [gone] })
    expect(await groupsOf(directory, eddie)).toEqual([])
    expect(await findMembership(directory, { account: did, member: eddie })).toBeNull()
  })

  it('are listed for one group only if it is named', async () => {
    const directory = testDirectory()
    const cooks = await createGroup(directory, 'cooks')
    await createGroup(directory, 'bakers')
    const list = (member: string, account: string) =>
      listMemberships(directory, { member, account, limit: 50 })
    expect(await list(olga, cooks)).toMatchObject({ groups: [{ did: cooks, role: 'owner' }] })
    expect(await list('did:plc:other', cooks)).toEqual({ groups: [] })
  })

  it('end with their time', async () => {
    const clock = { time: 1_000, now: () => clock.time }
    const directory = testDirectory({ clock } as never)
    const did = await createGroup(directory, 'cooks')
    const brief = { did: eddie, role: 'viewer', expiresAt: 2_000 }
    await setMemberships(directory, { account: did, memberships: [brief] })
    expect(await findMembership(directory, { account: did, member: eddie })).toEqual({
      role: 'viewer',
    })
    clock.time = 2_000
    expect(await findMembership(directory, { account: did, member: eddie })).toBeNull()
    expect(await groupsOf(directory, eddie)).toEqual([])
  })

  it('are listed in pages', async () => {
    const directory = testDirectory()
    for (const name of ['a-cooks', 'b-cooks', 'c-cooks']) await createGroup(directory, name)
    const first = await listMemberships(directory, { member: eddie, limit: 2 })
    const rest = await listMemberships(directory, {
      member: eddie,
      limit: 2,
      cursor: first.cursor!,
    })
    const dids = [...first.groups, ...rest.groups].map(({ did }) => did)
    expect(dids).toEqual(['did:plc:a-cooks', 'did:plc:b-cooks', 'did:plc:c-cooks'])
    expect(rest.cursor).toBeUndefined()
  })

  it('are deleted with the group', async () => {
    const directory = testDirectory()
    const did = await createGroup(directory, 'cooks')
    expect(await isGroup(directory, { did })).toBe(true)
    await setState(directory, { did, status: 'deleted', deleteAfter: null })
    await removeDeletedAccount(directory, { did })
    expect(await isGroup(directory, { did })).toBe(false)
  })
})

describe('a group that is created', () => {
  it('has its members in the directory, and its initial state for its first wake', async () => {
    const directory = testDirectory()
    await reserve(directory, 'cooks')
    expect(await groupsOf(directory, eddie)).toEqual([])
    await confirmAccount(directory, { did: 'did:plc:cooks', ...confirmation })
    expect(await groupsOf(directory, eddie)).toMatchObject([{ role: 'editor' }])
    expect(await findInitialState(directory, { did: 'did:plc:cooks' })).toMatchObject({ group })
  })

  it('leaves nothing behind if it is not confirmed', async () => {
    const clock = { time: 1_000, now: () => clock.time }
    const directory = testDirectory({ clock } as never)
    await reserve(directory, 'cooks')
    await releaseReservation(directory, { did: 'did:plc:cooks' })
    await reserve(directory, 'bakers')
    clock.time += 6 * 60_000
    await reserve(directory, 'brewers')
    const rows = await directory.sql.all('SELECT DISTINCT account FROM membership')
    expect(rows).toEqual([{ account: 'did:plc:brewers' }])
  })

  it('is refused if its creator owns as many as it may, also when they are created at once', async () => {
    const directory = testDirectory()
    const outcomes = await Promise.allSettled(
      ['a-cooks', 'b-cooks', 'c-cooks'].map((name) => reserve(directory, name, 2)),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(outcomes[2]).toMatchObject({ reason: { status: 413, error: 'QuotaExceeded' } })
  })
})
