import { expect, it, onTestFinished } from 'vitest'
import { AccountDatabase } from '#src/takeover/account-rows.ts'
import { hashOf, mapAccount, mapDirectoryAccount } from '#src/takeover/map-account.ts'
import { readAccount } from '#src/takeover/read-account.ts'
import { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { insert, referenceTime, testReference } from '#tests/support/reference-folder.ts'

const alice = 'did:plc:aliceaaaaaaaaaaaaaaaaaaa'
const time = Date.parse(referenceTime)
const keys = { seal: (secret: Uint8Array) => secret }

function reference() {
  const source = testReference()
  onTestFinished(() => source.close())
  source.add({ did: alice, handle: 'Alice.test' })
  const folder = new ReferenceFolder(source.path)
  const db = folder.openAccounts()
  onTestFinished(() => db.close())
  const account = () => {
    const found = readAccount(folder, new AccountDatabase(db), alice)!
    found.store.close()
    return found
  }
  return { source, account }
}

it('names are in lower case, and the password stays as it is stored', () => {
  const { account } = reference()
  const { profile } = mapAccount(account(), keys, { records: 0, blobs: 0 })
  expect(profile).toMatchObject({
    ...{ handle: 'alice.test', email: 'aaaaaaaa@example.com', passwordHash: 'salt:hash' },
    createdAt: referenceTime,
  })
})

it('an account that is to be deleted, or was taken down, is so in the directory', () => {
  const { source, account } = reference()
  const of = (changes: string) => {
    source.accounts.exec(`UPDATE actor SET ${changes}`)
    return mapDirectoryAccount(account().rows)
  }
  expect(of('takedownRef = NULL')).toMatchObject({ status: 'active', deleteAfter: null })
  expect(of(`deactivatedAt = '${referenceTime}', deleteAfter = '${referenceTime}'`)).toMatchObject({
    ...{ status: 'deactivated', deleteAfter: time, createdAt: time },
  })
  expect(of("takedownRef = 'spam'")).toMatchObject({ status: 'takendown' })
})

it('a grant has the hashes of its tokens, and those of used ones', () => {
  const { source, account } = reference()
  insert(source.accounts, 'token', {
    ...{ did: alice, tokenId: 'tok-1', createdAt: referenceTime, updatedAt: referenceTime },
    ...{ expiresAt: referenceTime, clientId: 'https://app.test/client.json', deviceId: 'dev-1' },
    ...{ clientAuth: '{"method":"none"}', parameters: '{"scope":"atproto"}', code: 'cod-1' },
    ...{ currentRefreshToken: 'ref-2', scope: 'atproto' },
  })
  insert(source.accounts, 'used_refresh_token', { refreshToken: 'ref-1', tokenId: 1 })
  const { grants } = mapAccount(account(), keys, { records: 0, blobs: 0 })
  expect(grants).toMatchObject([
    {
      ...{ id: 'tok-1', refreshHash: hashOf('ref-2'), codeHash: hashOf('cod-1') },
      ...{ spent: [hashOf('ref-1')], createdAt: time, expiresAt: time },
    },
  ])
  expect(JSON.parse(grants[0]!.data)).toEqual({
    ...{ clientId: 'https://app.test/client.json', clientAuth: { method: 'none' }, did: alice },
    ...{ deviceId: 'dev-1', parameters: { scope: 'atproto' }, scope: 'atproto' },
  })
})

it('the stamp changes with everything that is taken over', () => {
  const { source, account } = reference()
  const stamps = [account().stamp]
  const changes: (() => void)[] = [
    () => source.accounts.exec("UPDATE actor SET handle = 'other.test'"),
    () => source.accounts.exec("UPDATE account SET passwordScrypt = 'new'"),
    () =>
      insert(source.accounts, 'refresh_token', { id: 'a', did: alice, expiresAt: referenceTime }),
    () =>
      source.inStore(alice, (store) => {
        insert(store, 'account_pref', { name: 'app.bsky.x', valueJson: '{"a":1}' })
      }),
    () => source.inStore(alice, (store) => store.exec("UPDATE repo_root SET rev = '3kb'")),
    () =>
      source.inStore(alice, (store) => {
        insert(store, 'blob', { cid: 'c', mimeType: 'a/b', size: 1, createdAt: referenceTime })
      }),
  ]
  for (const change of changes) {
    change()
    stamps.push(account().stamp)
  }
  expect(new Set(stamps).size).toBe(changes.length + 1)
  expect(account().stamp).toBe(stamps.at(-1))
})

it('preferences keep their order, and have their type', () => {
  const { source, account } = reference()
  source.inStore(alice, (store) => {
    insert(store, 'account_pref', { name: 'app.bsky.b', valueJson: '{"$type":"app.bsky.b"}' })
    insert(store, 'account_pref', { name: 'app.bsky.a', valueJson: '{"x":1}' })
  })
  const { preferences } = mapAccount(account(), keys, { records: 0, blobs: 0 })
  expect(JSON.parse(preferences)).toEqual([{ $type: 'app.bsky.b' }, { $type: 'app.bsky.a', x: 1 }])
})
