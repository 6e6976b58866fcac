/** What members do as a group: never without a row in the audit log, and never without the role. */
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { addMember, removeMember, updateMember } from '#src/account/group/members.ts'
import { putRole } from '#src/account/group/roles.ts'
import { announceIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import type { Statement } from '#src/ports/sql.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'
import { actingAs, eddie, makeGroup, olga, owner, vera } from '#tests/support/group-scenarios.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const record = { $type: collection, n: 1 }
const editor = actingAs(eddie, 'editor', { client: 'https://app.example', ip: '192.0.2.7' })

/** The actions as the gateway calls them, by the account itself or by a member. */
function actionsOf(group: Account, member?: ActingMember) {
  const bound = Object.fromEntries(
    Object.entries(accountActions).map(([name, actions]) => [
      name,
      Object.fromEntries(
        Object.entries(actions).map(([action, run]) => [
          action,
          (...args: unknown[]) => (run as never as (...all: unknown[]) => unknown)(group, ...args),
        ]),
      ),
    ]),
  ) as never as Record<string, Record<string, (...args: unknown[]) => Promise<unknown>>>
  return member === undefined ? bound : asMember(bound, member)
}

async function openGroup(options: Parameters<typeof openTestAccount>[0] = {}) {
  const group = await openTestAccount(options)
  await makeGroup(group, { [eddie]: 'editor', [vera]: 'viewer' })
  await group.sql.batch([{ sql: 'DELETE FROM audit' }])
  return group
}

const rows = (group: Account) =>
  group.sql.all<{ actor: string; action: string; target: string | null; rev: string | null }>(
    'SELECT actor, role, client, action, target, rev, detail, ip FROM audit ORDER BY id',
  )

describe('a record that a member writes', () => {
  it('has one row with the member, its client and the rev of the commit', async () => {
    const group = await openGroup()
    const { repo } = actionsOf(group, editor)
    await repo!['createRecord']!({ collection, rkey: 'one', record })
    const head = await group.lane.head()
    expect(await rows(group)).toEqual([
      {
        ...{ actor: eddie, role: 'editor', client: 'https://app.example', ip: '192.0.2.7' },
        ...{ action: 'repo.createRecord', target: `${collection}/one`, detail: 'create' },
        rev: head.rev,
      },
    ])
  })

  it('has one row for each commit, and none if nothing was written', async () => {
    const group = await openGroup()
    const { repo } = actionsOf(group, editor)
    const input = { collection, rkey: 'one', record }
    await repo!['putRecord']!(input)
    await repo!['putRecord']!(input)
    await repo!['deleteRecord']!({ collection, rkey: 'two' })
    await repo!['deleteRecord']!(input)
    await repo!['applyWrites']!({
      writes: ['a', 'b'].map((rkey) => ({
        ...{ $type: 'com.atproto.repo.applyWrites#create', collection, rkey, value: record },
      })),
    })
    const found = await rows(group)
    expect(found.map(({ action }) => action)).toEqual([
      ...['repo.putRecord', 'repo.deleteRecord', 'repo.applyWrites'],
    ])
    expect(new Set(found.map(({ rev }) => rev)).size).toBe(3)
  })

  it('has no row if it was refused', async () => {
    const group = await openGroup()
    const { repo } = actionsOf(group, editor)
    const input = { collection, rkey: 'one', record, swapCommit: 'bafyreiother' }
    await expect(repo!['createRecord']!(input)).rejects.toThrow('Commit was at')
    expect(await rows(group)).toEqual([])
  })

  it('is not written by the account itself in the name of a member', async () => {
    const group = await openGroup()
    await actionsOf(group)['repo']!['createRecord']!({ collection, record })
    expect(await rows(group)).toEqual([])
  })
})

describe('everything else that a member changes', () => {
  it('has its row in the same transaction', async () => {
    const batches: (readonly Statement[])[] = []
    const onBatch = (when: string, statements: readonly Statement[]) => {
      if (when === 'before') batches.push(statements)
    }
    const group = await openGroup({ onBatch })
    const admin = actingAs(olga, 'owner')
    batches.length = 0
    const { preferences, lifecycle, blob, service } = actionsOf(group, admin)
    await preferences!['put']!({ preferences: [{ $type: 'app.bsky.x#y' }], fullAccess: false })
    await blob!['add']!({ cid: 'bafkreiblob', mimeType: 'image/png', size: 3, key: 'temp' })
    await service!['getServiceAuth']!({ aud: 'did:web:api.example', lxm: 'com.example.get' })
    await lifecycle!['changeState']!({ active: false })
    expect(batches.length).toBe(4)
    for (const statements of batches) {
      expect(statements.some(({ sql }) => sql.startsWith('INSERT INTO audit'))).toBe(true)
    }
    expect((await rows(group)).map(({ action, target }) => [action, target])).toEqual([
      ['preferences.put', null],
      ['blob.add', 'bafkreiblob'],
      ['service.getServiceAuth', 'com.example.get'],
      ['lifecycle.changeState', null],
    ])
  })

  it('is completed with its row if it is a handle that was published, whatever the role is by then', async () => {
    const group = await openGroup()
    const by = actingAs('did:plc:removed', 'owner')
    await setHandle(group, { handle: 'new.test', by })
    await setHandle(group, { handle: 'new.test', by })
    await announceIdentity(group, { by: { ...by, call: 'call-2' } })
    const found = await rows(group)
    expect(found).toMatchObject([
      { actor: by.did, role: 'owner', action: 'identity changed', target: 'new.test' },
      { actor: by.did, role: 'owner', action: 'identity changed', target: null },
    ])
  })

  it('has one row if the call is repeated', async () => {
    const group = await openGroup()
    const input = { preferences: [{ $type: 'app.bsky.x#y' }], fullAccess: false }
    for (const call of ['one', 'one', 'two']) {
      await actionsOf(group, { ...editor, call })['preferences']!['put']!(input)
    }
    expect(await rows(group)).toHaveLength(2)
  })

  it('is refused if the row cannot be written, and nothing is changed', async () => {
    const group = await openGroup()
    // Gone from the database, but still in memory: as if it were removed between the question and the transaction.
    await group.members.find(eddie, group.clock.now())
    await group.sql.batch([{ sql: 'DELETE FROM member WHERE did = ?', params: [eddie] }])
    const put = actionsOf(group, editor)['preferences']!['put']!
    const input = { preferences: [{ $type: 'app.bsky.x#y' }], fullAccess: false }
    await expect(put(input)).rejects.toThrow()
    expect(await group.sql.all('SELECT value FROM preferences')).toEqual([])
  })

  it('is refused where an action is for the account itself', async () => {
    const group = await openGroup()
    const actions = actionsOf(group, actingAs(olga, 'owner'))
    const allowed = new Set<string>()
    for (const [name, features] of Object.entries(accountActions)) {
      for (const action of Object.keys(features)) {
        const outcome = await actions[name]![action]!({}).then(
          () => undefined,
          (error: Error) => error.message,
        )
        if (!outcome?.startsWith('This is for the account itself')) allowed.add(name)
      }
    }
    expect([...allowed].sort()).toEqual([
      ...['blob', 'group', 'identity', 'import', 'lifecycle', 'migration', 'oauth', 'preferences'],
      ...['repo', 'service', 'session', 'sync'],
    ])
  })
})

describe('a member whose role is gone', () => {
  const write = (group: Account, member = editor) =>
    actionsOf(group, member)['repo']!['createRecord']!({ collection, record })

  it('writes nothing any more, also not what waits in the lane behind the removal', async () => {
    const group = await openGroup()
    const first = write(group)
    await new Promise((resolve) => setImmediate(resolve))
    const outcomes = await Promise.allSettled([
      first,
      removeMember(group, { by: owner, did: eddie }),
      write(group),
      write(group),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    ])
    expect(outcomes[3]).toMatchObject({ reason: { status: 403, error: 'NotAMember' } })
    const byEddie = (await rows(group)).filter(({ actor }) => actor === eddie)
    expect(byEddie).toHaveLength(1)
  })

  it('is told so if its role was changed while the write waited', async () => {
    const group = await openGroup()
    const changed = updateMember(group, { by: owner, did: eddie, role: 'viewer' })
    const refused = expect(write(group)).rejects.toMatchObject({ error: 'RoleChanged' })
    await changed
    await refused
    await expect(write(group)).rejects.toMatchObject({ error: 'RoleChanged' })
  })

  it('is told so if the scopes of its role were changed', async () => {
    const group = await openGroup()
    const put = (scope: string) => putRole(group, { by: owner, name: 'poster', scope, manage: [] })
    await put('repo:*')
    await updateMember(group, { by: owner, did: eddie, role: 'poster' })
    const found = await group.members.find(eddie, group.clock.now())
    const poster = { ...editor, role: 'poster', revision: found!.role.revision }
    await write(group, poster)
    const changed = put('repo:com.example.other')
    await expect(write(group, poster)).rejects.toMatchObject({ error: 'RoleChanged' })
    await changed
    await expect(write(group, poster)).rejects.toMatchObject({ error: 'RoleChanged' })
  })

  it('may write as soon as it is added, and not when its time is over', async () => {
    const clock = { time: Date.parse('2026-01-01T00:00:00Z'), now: () => clock.time }
    const group = await openGroup({ clock })
    await removeMember(group, { by: owner, did: eddie })
    const expiresAt = clock.time + 1_000
    const added = addMember(group, { by: owner, did: eddie, role: 'editor', expiresAt })
    await write(group)
    await added
    clock.time += 1_000
    await expect(write(group)).rejects.toMatchObject({ error: 'NotAMember' })
  })

  it('is refused only by changes that were stored', async () => {
    let fails = false
    const group = await openGroup({
      onBatch: (when) => {
        if (when === 'before' && fails) throw new Error('the disk is full')
      },
    })
    fails = true
    const removal = removeMember(group, { by: owner, did: eddie })
    await expect(removal).rejects.toThrow('the disk is full')
    fails = false
    await write(group)
    expect((await rows(group)).map(({ action }) => action)).toEqual(['repo.createRecord'])
  })
})
