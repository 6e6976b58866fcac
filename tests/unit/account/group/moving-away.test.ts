/** What an owner needs to move a group as any account is moved: the code for its identity, and the import that brings it back. */
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { removeMember, updateMember } from '#src/account/group/members.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'
import { actingAs, eddie, makeGroup, olga, owner } from '#tests/support/group-scenarios.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'

const email = 'olga@example.com'
const wrong = { status: 400, error: 'InvalidToken' }

/** The actions of the account as the gateway calls them for the member, or for the account itself. */
function actionsOf(group: Account, member?: ActingMember) {
  const bind = (actions: object) =>
    Object.fromEntries(
      Object.entries(actions).map(([name, run]) => [
        name,
        (...args: unknown[]) => (run as (...all: unknown[]) => unknown)(group, ...args),
      ]),
    )
  const { identity, import: importing, email, sync } = accountActions
  const bound = { identity: bind(identity), import: bind(importing), email: bind(email) }
  const all = { ...bound, sync: bind(sync) } as never as Record<
    'identity' | 'import' | 'email' | 'sync',
    Record<string, (...args: unknown[]) => Promise<never>>
  >
  return member === undefined ? all : asMember(all, member)
}

let calls = 0
const as = (did: string) => actingAs(did, 'owner', { call: `call-${calls++}` })

async function openGroup() {
  const group = await openTestAccount()
  await makeGroup(group, { [eddie]: 'owner' })
  return group
}

const actionsLogged = async (group: Account) =>
  (await group.sql.all<{ action: string }>('SELECT action FROM audit ORDER BY id')).map(
    ({ action }) => action,
  )

describe('the code for the identity of a group', () => {
  const request = (group: Account, did: string, input: object = { email }) =>
    actionsOf(group, as(did)).identity['requestPlcToken']!(input) as Promise<{
      email: string
      token: string
    }>
  const consume = (group: Account, token: string, did?: string) => {
    const member = did === undefined ? undefined : as(did)
    return actionsOf(group, member).identity['consumePlcToken']!({ token })
  }

  it('is good once, and for the member only that has asked for it', async () => {
    const group = await openGroup()
    const { token, email: to } = await request(group, olga)
    expect(to).toBe(email)
    await expect(consume(group, token, eddie)).rejects.toMatchObject(wrong)
    await expect(consume(group, token)).rejects.toMatchObject(wrong)
    await consume(group, token, olga)
    await expect(consume(group, token, olga)).rejects.toMatchObject(wrong)
    const log = await actionsLogged(group)
    expect(log.slice(-2)).toEqual(['identity.requestPlcToken', 'identity.consumePlcToken'])
  })

  it('ends with the membership, and no app password is reported as revoked', async () => {
    const group = await openGroup()
    await request(group, eddie)
    await group.sql.batch([{ sql: 'DELETE FROM private_event' }])
    await removeMember(group, { by: owner, did: eddie })
    expect(await group.sql.all(`SELECT 1 FROM credential WHERE kind = 'email token'`)).toEqual([])
    const kinds = await group.sql.all<{ kind: string }>('SELECT kind FROM private_event')
    expect(kinds.map(({ kind }) => kind)).toEqual(['#member'])
  })

  it('goes to the address of the group if the member has none here, and is refused if the group has none either', async () => {
    const group = await openGroup()
    expect(await request(group, olga, {})).toMatchObject({ email: 'alice@example.com' })
    await group.sql.batch([{ sql: 'UPDATE account SET email = NULL' }])
    group.profile.forget()
    await expect(request(group, olga, {})).rejects.toMatchObject({ status: 400 })
  })

  it('is the only one that a member may ask for', async () => {
    const group = await openGroup()
    const { email: mails } = actionsOf(group, as(olga))
    const asked = mails['requestToken']!({ purpose: 'delete_account' })
    await expect(asked).rejects.toMatchObject({ status: 403 })
  })
})

describe('an import by a member', () => {
  const path = 'com.example.thing/one'
  const { key } = newSigningKey()
  const { car } = foreignRepo({ did: testDid, signer: key, records: { [path]: { n: 1 } } })
  const keys = [key.did()]

  async function staged(group: Account): Promise<string> {
    const actions = actionsOf(group, as(olga)).import
    const { id } = (await actions['begin']!({})) as { id: string }
    await actions['addPage']!({ id, n: 0, bytes: car })
    return id
  }

  it('has one row, with the rev of its commit', async () => {
    const group = await openGroup()
    const before = (await actionsLogged(group)).length
    const id = await staged(group)
    expect(await actionsOf(group, as(olga)).import['finish']!({ id, keys })).toEqual({ done: true })
    const { rev } = await group.lane.head()
    const rows = await group.sql.all('SELECT actor, action, rev FROM audit ORDER BY id')
    expect(rows.slice(before)).toEqual([{ actor: olga, action: 'import.finish', rev }])
    expect(await group.sql.all('SELECT path FROM record')).toEqual([{ path }])
  })

  it('changes nothing if the role was taken before its last step', async () => {
    const group = await openGroup()
    const { cid } = await group.lane.head()
    const id = await staged(group)
    await updateMember(group, { by: { did: eddie }, did: olga, role: 'editor' })
    const finished = actionsOf(group, as(olga)).import['finish']!({ id, keys })
    await expect(finished).rejects.toMatchObject({ status: 403, error: 'RoleChanged' })
    expect((await group.lane.head()).cid).toBe(cid)
    const begun = actionsOf(group, as(olga)).import['begin']!({})
    await expect(begun).rejects.toMatchObject({ status: 403, error: 'RoleChanged' })
    await actionsOf(group, as(olga)).import['abort']!({ id })
    expect(group.imports.open).toBeUndefined()
  })
})

it('a member reads the repo of its group with the credentials of the group', async () => {
  const group = await openGroup()
  const { sync } = actionsOf(group, as(olga))
  const { rev } = await group.lane.head()
  expect(await sync['getLatestCommit']!('owner')).toMatchObject({ rev })
})
