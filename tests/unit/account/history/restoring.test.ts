/** Restores: of records and of the repo, cut off and gone on with, by those who may. */
import { expect, it } from 'vitest'
import { acting } from '#src/account/acting.ts'
import { removeMember, updateMember } from '#src/account/group/members.ts'
import { putRole } from '#src/account/group/roles.ts'
import { listCommits } from '#src/account/history/commits.ts'
import {
  getRestore,
  restoreRecords,
  restoreRepo,
  resumeRestore,
} from '#src/account/history/restore.ts'
import { restoreStep } from '#src/account/history/restore-step.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { actingAs, eddie, makeGroup, olga, owner, vera } from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const by: Principal = { did: testDid }
const record = (n: number) => ({ $type: collection, n })
const put = (account: OpenAccount, n: number, rkey = 'one') =>
  putRecord(account, { collection, rkey, record: record(n) })
const headRev = async (account: OpenAccount) => (await account.lane.head()).rev
const path = (rkey: string) => `${collection}/${rkey}`
async function state({ sql }: OpenAccount): Promise<unknown> {
  return sql.all('SELECT path, cid FROM record ORDER BY path')
}
/** Creates so many records. */
async function fill(account: OpenAccount, count: number): Promise<void> {
  for (let n = 0; n < count; n += 200) {
    const writes = Array.from({ length: Math.min(200, count - n) }, (_, i) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      ...{ collection, rkey: `r${n + i}`, value: record(n + i) },
    }))
    await applyWrites(account, { writes })
  }
}
async function removeAll(account: OpenAccount): Promise<void> {
  const rows = await account.sql.all<{ path: string }>('SELECT path FROM record')
  for (let n = 0; n < rows.length; n += 200) {
    const writes = rows.slice(n, n + 200).map(({ path }) => ({
      $type: 'com.atproto.repo.applyWrites#delete' as const,
      ...{ collection, rkey: path.split('/')[1]! },
    }))
    await applyWrites(account, { writes })
  }
}

it('records are restored in one commit, which says what became of each', async () => {
  const account = await openTestAccount()
  await put(account, 1)
  await put(account, 1, 'same')
  const at = await headRev(account)
  await put(account, 2)
  await put(account, 7, 'new')
  const paths = ['one', 'same', 'new', 'never'].map(path)
  const { commit, records } = await restoreRecords(account, { by, at, paths })
  expect(records.map(({ result }) => result)).toEqual([
    'restored',
    'unchanged',
    'restored',
    'unchanged',
  ])
  expect(commit?.rev).toBe(await headRev(account))
  const [newest] = (await listCommits(account, { by, limit: 1 })).commits
  expect(newest).toMatchObject({ actor: testDid, action: 'history.restoreRecords' })
  expect(newest!.ops.map(({ action, path }) => [action, path])).toEqual([
    ['update', path('one')],
    ['delete', path('new')],
  ])
})

it('a dry run counts, and changes nothing', async () => {
  const account = await openTestAccount()
  await fill(account, 3)
  const at = await headRev(account)
  await put(account, 99, 'r0')
  await deleteRecord(account, { collection, rkey: 'r1' })
  await put(account, 1, 'new')
  const before = await state(account)
  const plan = await restoreRepo(account, { by, at, dryRun: true })
  expect(plan).toEqual({ at, creates: 1, updates: 1, deletes: 1, unavailable: 0 })
  await account.background.settled()
  expect(await state(account)).toEqual(before)
  expect(await getRestore(account, { by })).toEqual({})
})

it('a restore that was cut off goes on at the next wake, and what is written meanwhile stays', async () => {
  const account = await openTestAccount()
  await fill(account, 450)
  const wanted = await state(account)
  const at = await headRev(account)
  await removeAll(account)
  // As if the process had exited after the first step.
  await account.background.close()
  await restoreRepo(account, { by, at })
  expect(await restoreStep(account)).toBe(false)
  expect(await getRestore(account, { by })).toMatchObject({ restore: { done: 200, left: 250 } })
  const next = await openTestAccount({ sql: account.sql })
  await createRecord(next, { collection, rkey: 'r99', record: record(-1) }).catch(() => {})
  await createRecord(next, { collection, rkey: 'r449', record: record(-1) }).catch(() => {})
  await resumeRestore(next)
  await next.background.settled()
  const { restore } = await getRestore(next, { by })
  expect(restore).toMatchObject({ total: 450, left: 0 })
  expect(restore!.done + restore!.skipped).toBe(450)
  const found = (await state(next)) as { path: string; cid: string }[]
  const differing = (wanted as typeof found).filter(({ path, cid }) => {
    return found.find((other) => other.path === path)?.cid !== cid
  })
  expect(found).toHaveLength(450)
  expect(differing).toHaveLength(restore!.skipped)
  const { commits } = await listCommits(next, { by, limit: 3 })
  expect(commits.every(({ ops }) => ops.length <= 200)).toBe(true)
})

it('a step whose transaction fails, before or after it was kept, is made once', async () => {
  let fault: 'before' | 'after' | undefined
  const account = await openTestAccount({
    onBatch: (when, statements) => {
      const isStep = statements.some(({ sql }) => sql.includes('DELETE FROM restore_item WHERE'))
      if (!isStep || when !== fault) return
      fault = undefined
      throw new Error('the engine is away')
    },
  })
  await fill(account, 450)
  const wanted = await state(account)
  const at = await headRev(account)
  for (const when of ['before', 'after'] as const) {
    await removeAll(account)
    fault = when
    await restoreRepo(account, { by, at })
    await account.background.settled()
    expect(fault).toBeUndefined()
    expect(await state(account)).toEqual(wanted)
    expect(await getRestore(account, { by })).toMatchObject({
      restore: { done: 450, skipped: 0, left: 0 },
    })
  }
})

it('a second restore waits for the end of the first', async () => {
  const account = await openTestAccount()
  await put(account, 1)
  const at = await headRev(account)
  await put(account, 2)
  await account.background.close()
  await restoreRepo(account, { by, at })
  await expect(restoreRepo(account, { by, at })).rejects.toMatchObject({
    error: 'RestoreInProgress',
  })
})

async function openGroup(): Promise<OpenAccount> {
  const group = await openTestAccount()
  await makeGroup(group, { [eddie]: 'editor', [vera]: 'admin' })
  return group
}

function as(group: OpenAccount, did: string, role: string) {
  let calls = 0
  return {
    put: (rkey: string, n: number) => {
      const member = actingAs(did, role, { call: `${did} ${calls++}` })
      return putRecord(acting(group, member, 'repo.putRecord'), {
        ...{ collection, rkey, record: record(n) },
      })
    },
  }
}

it('what one member did is undone, back to what others left, and not what others did since', async () => {
  const group = await openGroup()
  const raider = as(group, eddie, 'editor')
  const other = as(group, vera, 'admin')
  await put(group, 1, 'kept')
  await put(group, 1, 'repaired')
  const at = await headRev(group)
  await other.put('kept', 2)
  await raider.put('kept', 3)
  await raider.put('kept', 4)
  await raider.put('repaired', 5)
  await other.put('repaired', 6)
  await raider.put('spam', 7)
  const query = { by: { did: olga }, at, actor: eddie }
  expect(await restoreRepo(group, query)).toMatchObject({ updates: 1, deletes: 1, creates: 0 })
  await group.background.settled()
  const read = async (rkey: string) => {
    const found = await getRecord(group, { collection, rkey }).catch(() => ({ json: '{}' }))
    return JSON.parse(found.json).value?.n
  }
  expect(await Promise.all(['kept', 'repaired', 'spam'].map(read))).toEqual([2, 6, undefined])
  const [audit] = await group.sql.all(
    'SELECT actor, role, action, detail FROM audit ORDER BY id DESC',
  )
  expect(audit).toEqual({
    ...{ actor: olga, role: 'owner', action: 'history.restoreRepo' },
    detail: `to ${at}, what ${eddie} did`,
  })
})

it('members whose role may not, and others, neither read nor restore', async () => {
  const group = await openGroup()
  const at = await headRev(group)
  for (const [did, error] of [
    [eddie, 'Forbidden'],
    ['did:plc:other', 'NotAMember'],
  ] as const) {
    await expect(listCommits(group, { by: { did }, limit: 1 })).rejects.toMatchObject({ error })
    await expect(restoreRepo(group, { by: { did }, at })).rejects.toMatchObject({ error })
  }
  await listCommits(group, { by: { did: vera }, limit: 1 })
})

it('a restore writes only what the role of the member allows', async () => {
  const group = await openGroup()
  const other = 'com.example.other'
  await put(group, 1)
  await putRecord(group, { collection: other, rkey: 'one', record: { $type: other, n: 1 } })
  const at = await headRev(group)
  await put(group, 2)
  await put(group, 1, 'new')
  await deleteRecord(group, { collection: other, rkey: 'one' })
  const scope = `repo:${collection}?action=update repo:${other}`
  await putRole(group, { by: owner, name: 'mender', scope, manage: ['history'] })
  await updateMember(group, { by: owner, did: vera, role: 'mender' })
  const mender = { did: vera }
  const refused = { status: 403, error: 'ScopeMissingError' }
  await expect(restoreRepo(group, { by: mender, at })).rejects.toMatchObject(refused)
  await expect(restoreRepo(group, { by: mender, at, dryRun: true })).rejects.toMatchObject(refused)
  const both = { by: mender, at, paths: [path('one'), path('new')] }
  await expect(restoreRecords(group, both)).rejects.toMatchObject(refused)
  await restoreRecords(group, { by: mender, at, paths: [path('one')] })
  await restoreRepo(group, { by: mender, at, collections: [other] })
  await group.background.settled()
  expect(await state(group)).toMatchObject([
    { path: `${other}/one` },
    { path: path('new') },
    { path: path('one') },
  ])
})

it('the restore of a member whose role is narrowed meanwhile ends, and says why', async () => {
  const group = await openGroup()
  await fill(group, 300)
  const at = await headRev(group)
  await removeAll(group)
  await putRole(group, { by: owner, name: 'mender', scope: 'repo:*', manage: ['history'] })
  await updateMember(group, { by: owner, did: vera, role: 'mender' })
  await group.background.close()
  await restoreRepo(group, { by: { did: vera }, at })
  await restoreStep(group)
  const scope = `repo:${collection}?action=delete`
  await putRole(group, { by: owner, name: 'mender', scope, manage: ['history'] })
  await restoreStep(group)
  const { restore } = await getRestore(group, { by: owner })
  expect(restore).toMatchObject({ done: 200, left: 0, error: expect.stringContaining('create') })
})

it('the restore of a member who is removed meanwhile ends, and says why', async () => {
  const group = await openGroup()
  await fill(group, 300)
  const at = await headRev(group)
  await removeAll(group)
  await group.background.close()
  await restoreRepo(group, { by: { did: vera }, at })
  await restoreStep(group)
  await removeMember(group, { by: owner, did: vera })
  const next = await openTestAccount({ sql: group.sql })
  await resumeRestore(next)
  await next.background.settled()
  const { restore } = await getRestore(next, { by: owner })
  expect(restore).toMatchObject({ done: 200, left: 0, error: 'You are not a member of this group' })
})
