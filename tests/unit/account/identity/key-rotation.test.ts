/** The account's part of a key rotation. */
import { expect, test } from 'vitest'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getSigningKeyDids,
} from '#src/account/identity/key-rotation.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  deliveredKinds,
  type EmptyAccount,
  emptyAccount,
  keys,
  provisionAccount,
} from '#tests/support/empty-account.ts'
import type { NodeSqlOptions } from '#tests/support/node-sql.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const thing = { collection: 'com.example.thing', record: { $type: 'com.example.thing' } }

async function newAccount(options: Pick<NodeSqlOptions, 'sync'> = {}): Promise<EmptyAccount> {
  const account = emptyAccount(did, options)
  await provisionAccount(account)
  return account
}

function sealedKey() {
  const { privateKey, key } = newSigningKey()
  return { signingKeyDid: key.did(), signingKey: keys.seal(privateKey, did) }
}

test('a pending key is stored beside the one in use, and no commit is signed meanwhile', async () => {
  const account = await newAccount()
  const { current } = await getSigningKeyDids(account)
  const key = sealedKey()
  await beginKeyRotation(account, key)
  await beginKeyRotation(account, key)
  expect(await getSigningKeyDids(account)).toEqual({ current, pending: key.signingKeyDid })
  await expect(createRecord(account, thing)).rejects.toMatchObject({ error: 'KeyRotation' })
  expect((await account.signer()).did()).toBe(current)
})

test('a pending key is not named, and so not published, before it is durable', async () => {
  const syncs: (() => void)[] = []
  let isHeld = false
  const sync = () =>
    isHeld ? new Promise<void>((resolve) => syncs.push(resolve)) : Promise.resolve()
  const account = await newAccount({ sync })
  await account.lane.head()
  isHeld = true
  const beginning = beginKeyRotation(account, sealedKey())
  await expect.poll(() => syncs).toHaveLength(1)
  account.profile.forget()
  const found: unknown[] = []
  const asking = getSigningKeyDids(account).then(({ pending }) => found.push(pending))
  await expect.poll(() => syncs).toHaveLength(2)
  expect(found).toEqual([])
  isHeld = false
  for (const endSync of syncs) endSync()
  await Promise.all([beginning, asking])
  expect(found).toEqual([expect.stringContaining('did:key:')])
})

test('only one key rotation is pending at a time', async () => {
  const account = await newAccount()
  await beginKeyRotation(account, sealedKey())
  await expect(beginKeyRotation(account, sealedKey())).rejects.toMatchObject({ status: 400 })
})

test('finishKeyRotation accepts only the pending key, and only once', async () => {
  const account = await newAccount()
  const key = sealedKey()
  await expect(finishKeyRotation(account, key)).rejects.toMatchObject({ status: 400 })
  await beginKeyRotation(account, key)
  await finishKeyRotation(account, key)
  const { cid } = await account.lane.head()
  await finishKeyRotation(account, key)
  expect((await account.lane.head()).cid).toBe(cid)
  expect((await account.signer()).did()).toBe(key.signingKeyDid)
  expect(await account.sql.first('SELECT pending_key, pending_key_did FROM account')).toEqual({
    pending_key: null,
    pending_key_did: null,
  })
})

test('abandonKeyRotation leaves everything as it was', async () => {
  const account = await newAccount()
  const before = await getSigningKeyDids(account)
  const key = sealedKey()
  await beginKeyRotation(account, key)
  await abandonKeyRotation(account, sealedKey())
  expect((await getSigningKeyDids(account)).pending).toBe(key.signingKeyDid)
  await abandonKeyRotation(account, key)
  expect(await getSigningKeyDids(account)).toEqual(before)
  await createRecord(account, thing)
})

test('a signing key is sealed for its account', async () => {
  const account = await newAccount()
  const { signingKeyDid } = sealedKey()
  const { signingKey } = sealedKey()
  await expect(beginKeyRotation(account, { signingKeyDid, signingKey })).rejects.toThrow(
    'does not match its did:key',
  )
  const otherAccount = {
    signingKeyDid,
    signingKey: keys.seal(new Uint8Array(32).fill(1), 'did:web:x'),
  }
  await expect(beginKeyRotation(account, otherAccount)).rejects.toThrow()
})

test('a deactivated account announces its new key at once, and its repo when it is activated', async () => {
  const account = await newAccount()
  await changeState(account, { active: false })
  const key = sealedKey()
  await beginKeyRotation(account, key)
  const before = (await deliveredKinds(account)).length
  await finishKeyRotation(account, key)
  expect((await deliveredKinds(account)).slice(before)).toEqual(['#identity'])
})
