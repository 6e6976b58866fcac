import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import { expect, it } from 'vitest'
import { getAuditLog } from '#src/account/group/audit-log.ts'
import { authorize } from '#src/account/group/authorize.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { deliveredKinds, emptyAccount, newInitialState } from '#tests/support/empty-account.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const olga = { did: 'did:plc:olga' }
const vera = 'did:plc:vera'
const collection = 'com.example.recipe'
const group = {
  creator: olga.did,
  members: [
    { did: olga.did, role: 'owner', kind: 'person' },
    { did: vera, role: 'poster', kind: 'service' },
  ],
  roles: [{ name: 'poster', scope: 'atproto repo:*', manage: ['audit'] }],
  records: [1, 2, 3].map((n) => ({ collection, rkey: `r${n}`, value: { n } })),
} as const

it('a group wakes with its members, and its records are in its first commit', async () => {
  const account = emptyAccount(did)
  const initial = { ...newInitialState(did), passwordHash: null, group }
  await provisionOrResume(account, async () => initial)
  expect(account.sql.batches).toBe(1)
  expect(await deliveredKinds(account)).toEqual(['#identity', '#account', '#commit', '#sync'])
  const { json } = await getRecord(account, { collection, rkey: 'r2' })
  expect(JSON.parse(json).value).toEqual({ $type: collection, n: 2 })
  const { blocks, root } = await readCarWithRoot(await exportedCar(account))
  const { creates } = await verifyRepo(blocks, root, did, initial.signingKeyDid)
  expect(creates.map(({ rkey }) => rkey).sort()).toEqual(['r1', 'r2', 'r3'])
  expect(await authorize(account, { member: olga.did })).toMatchObject({ name: 'owner' })
  expect(await authorize(account, { member: vera })).toMatchObject({ scope: 'atproto repo:*' })
  const { entries } = await getAuditLog(account, { by: olga, limit: 9 })
  expect(entries).toMatchObject([
    { action: 'member added', target: vera },
    { action: 'group created', actor: olga.did, rev: expect.any(String) },
  ])
  expect(await account.sql.all('SELECT 1 FROM refresh_token')).toEqual([])
  await createRecord(account, { collection, record: { n: 4 } })
})
