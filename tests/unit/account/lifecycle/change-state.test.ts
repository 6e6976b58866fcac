/** Account states: what each allows, the transitions, and their events. */
import { beforeEach, describe, expect, it } from 'vitest'
import { changeState, type StateChange } from '#src/account/lifecycle/change-state.ts'
import { openExport } from '#src/account/repo/export.ts'
import { getLatestCommit, getRepoStatus } from '#src/account/repo/proofs.ts'
import { describeRepo, getRecord, listRecords } from '#src/account/repo/read.ts'
import { createRecord } from '#src/account/repo/write.ts'
import type { AccountStatus } from '#src/rules/states.ts'
import {
  may,
  mustLogIn,
  mustManage,
  mustServe,
  mustShow,
  mustWrite,
  type Permission,
} from '#src/rules/states.ts'
import { deliveredKinds } from '#tests/support/empty-account.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const thing = 'com.example.thing'
let account: OpenAccount
beforeEach(async () => {
  account = await openTestAccount()
})

const row = () => account.profile.get()
const kinds = () => deliveredKinds(account as never)

describe('changeState', () => {
  it.each<[StateChange, AccountStatus]>([
    [{ active: false }, 'deactivated'],
    [{ takedownRef: 'spam' }, 'takendown'],
    [{ suspended: true }, 'suspended'],
    [{ active: false, takedownRef: 'spam' }, 'takendown'],
    [{ active: false, suspended: true }, 'suspended'],
    [{ suspended: true, takedownRef: 'spam' }, 'takendown'],
    [{}, 'active'],
  ])('changeState makes of %j the most severe status: %s', async (change, status) => {
    expect(await changeState(account, change)).toEqual({ status })
    expect(await row()).toMatchObject({ status })
    expect(account.sentStates.map((state) => state.status)).toEqual([status])
  })

  it('changeState restores the status below when a stronger one ends', async () => {
    await changeState(account, { active: false, deleteAfter: '2030-01-01T00:00:00.000Z' })
    await changeState(account, { takedownRef: 'spam' })
    await changeState(account, { takedownRef: null })
    expect(await row()).toMatchObject({
      status: 'deactivated',
      deleteAfter: '2030-01-01T00:00:00.000Z',
    })
    expect(account.sentStates.at(-1)).toEqual({
      status: 'deactivated',
      deleteAfter: '2030-01-01T00:00:00.000Z',
    })
  })

  it('changeState emits #account, #identity and #sync on activation, and #account on every other change', async () => {
    await changeState(account, { active: false })
    await changeState(account, { takedownRef: 'spam' })
    await changeState(account, { takedownRef: null })
    expect(await kinds()).toEqual(['#account', '#account', '#account'])
    await changeState(account, { active: true })
    expect((await kinds()).slice(3)).toEqual(['#account', '#identity', '#sync'])
  })

  it('changeState does not activate an account that is taken down', async () => {
    await changeState(account, { takedownRef: 'spam', active: false })
    const attempt = changeState(account, { active: true })
    await expect(attempt).rejects.toMatchObject({ status: 400, error: 'AccountNotFound' })
  })

  it('changeState ends every session on a takedown', async () => {
    await account.sql.batch([
      { sql: "INSERT INTO refresh_token (id, expires_at) VALUES ('a', 9e15)" },
    ])
    await changeState(account, { takedownRef: 'spam' })
    expect(await account.sql.all('SELECT * FROM refresh_token')).toEqual([])
  })

  it('changeState does not activate an account that is suspended', async () => {
    await changeState(account, { active: false, suspended: true })
    const before = await row()
    const refused = { status: 401, error: 'AccountTakedown' }
    await expect(changeState(account, { active: true })).rejects.toMatchObject(refused)
    expect(await row()).toEqual(before)
    await changeState(account, { suspended: false })
    await changeState(account, { active: true })
    expect(await row()).toMatchObject({ status: 'active' })
  })

  it("concurrent state changes see each other's result", async () => {
    await Promise.all([
      changeState(account, { active: false }),
      changeState(account, { suspended: true }),
      changeState(account, { suspended: false }),
    ])
    expect(await row()).toMatchObject({ status: 'deactivated', suspendedAt: null })
  })

  it('no write is committed after a change of state that forbids it', async () => {
    const change = changeState(account, { active: false })
    const record = { $type: thing }
    const write = createRecord(account, { collection: thing, rkey: 'late', record })
    const outcomes = await Promise.allSettled([change, write])
    await account.outbox.settled()
    const all = await kinds()
    const isWritten = outcomes[1].status === 'fulfilled'
    expect(all).toEqual(isWritten ? ['#commit', '#account'] : ['#account'])
  })
})

describe('permissions', () => {
  const permissions: Permission[] = ['serve', 'show', 'write', 'manage', 'logIn']
  it.each<[AccountStatus, string]>([
    ['active', 'serve show write manage logIn'],
    ['deactivated', 'show manage logIn'],
    ['takendown', 'show'],
    ['suspended', 'show'],
    ['deleted', ''],
  ])('an account that is %s has the permissions: %s', (status, allowed) => {
    expect(permissions.filter((permission) => may(permission, status)).join(' ')).toBe(allowed)
  })

  const refusals = [mustServe, mustShow, mustWrite, mustManage, mustLogIn]
  it.each<[AccountStatus, (string | null)[]]>([
    ['active', [null, null, null, null, null]],
    ['deactivated', ['400 RepoDeactivated', null, '401 AccountDeactivated', null, null]],
    ['takendown', ['400 RepoTakendown', null, ...Array(3).fill('401 AccountTakedown')]],
    ['suspended', ['400 RepoSuspended', null, ...Array(3).fill('401 AccountTakedown')]],
    ['deleted', ['400 RepoNotFound', '400 RepoNotFound', ...Array(3).fill('403 AccountNotFound')]],
  ])(
    'each access check of an account that is %s throws its error or passes',
    (status, expected) => {
      const said = refusals.map((must) => {
        try {
          must(status, testDid)
          return null
        } catch (error) {
          const { status, error: name } = error as { status: number; error: string }
          return `${status} ${name}`
        }
      })
      expect(said).toEqual(expected)
    },
  )
})

describe.each<[AccountStatus, StateChange, string]>([
  ['deactivated', { active: false }, 'RepoDeactivated'],
  ['takendown', { takedownRef: 'spam' }, 'RepoTakendown'],
  ['suspended', { suspended: true }, 'RepoSuspended'],
])('an account that is %s', (status, change, error) => {
  beforeEach(async () => {
    await createRecord(account, { collection: thing, rkey: 'one', record: { $type: thing } })
    await changeState(account, change)
  })

  it('an account that is not active is closed to unauthenticated callers', async () => {
    for (const read of [
      () => openExport(account, {}, 'anyone'),
      () => getLatestCommit(account, 'anyone'),
      () => describeRepo(account),
    ]) {
      await expect(read()).rejects.toMatchObject({ status: 400, error })
    }
    const one = getRecord(account, { collection: thing, rkey: 'one' })
    await expect(one).rejects.toMatchObject({ status: 400, message: 'Could not locate record' })
    const all = listRecords(account, { collection: thing, limit: 1 })
    await expect(all).rejects.toMatchObject({ message: `Could not find repo: ${testDid}` })
  })

  it('an account that is not active is open to its owner and the admin, and its status is public', async () => {
    for (const as of ['self', 'admin'] as const) {
      expect(await getLatestCommit(account, as)).toHaveProperty('rev')
      expect(await openExport(account, {}, as)).toHaveProperty('id')
    }
    expect(await getRepoStatus(account)).toEqual({ did: testDid, active: false, status })
  })

  it('an account that is not active takes no writes', async () => {
    const write = createRecord(account, {
      collection: thing,
      rkey: 'two',
      record: { $type: thing },
    })
    await expect(write).rejects.toMatchObject({ status: 401 })
  })
})
