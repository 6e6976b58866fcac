import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { signingKey } from '#src/ports/secp256k1.ts'
import { checkReference } from '#src/takeover/check.ts'
import { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import type { VerifyPorts } from '#src/takeover/verify-account.ts'
import { post } from '#tests/support/records.ts'
import {
  insert,
  referenceKey,
  referenceTime,
  testReference,
} from '#tests/support/reference-folder.ts'

const alice = 'did:plc:aliceaaaaaaaaaaaaaaaaaaa'
const path = 'app.bsky.feed.post/3kaaaaaaaaa22'
const publicUrl = 'https://pds.test'

function documentOf(did: string, endpoint: string, key = referenceKey(did)) {
  const didKey = signingKey(key).did()
  return {
    id: did,
    verificationMethod: [
      {
        ...{ id: `${did}#atproto`, type: 'Multikey', controller: did },
        publicKeyMultibase: didKey.slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }],
  }
}

const stored = async () => ({ close: async () => {} }) as never
const ports: VerifyPorts = { blobs: { open: stored }, resolver: undefined, publicUrl }

function source() {
  const reference = testReference()
  onTestFinished(() => reference.close())
  return reference
}

const check = (folder: string, changes: Partial<VerifyPorts> = {}) =>
  checkReference(new ReferenceFolder(folder), { ...ports, ...changes }, () => {})

it('a repo that verifies keeps its commit, while the reference has its databases open', async () => {
  const reference = source()
  reference.add({ did: alice, handle: 'alice.test', records: { [path]: post('one') } })
  expect(await check(reference.path)).toEqual({
    ...{ accounts: 1, records: 1, blobs: 0, unchangedRepos: 1 },
    ...{ leftOut: [], newCommits: [], notes: [] },
  })
})

it('a record whose block is missing is named, and the repo gets a new commit', async () => {
  const reference = source()
  const { records } = reference.add({
    ...{ did: alice, handle: 'alice.test', records: { [path]: post('one') } },
  })
  reference.inStore(alice, (store) => {
    store.prepare('DELETE FROM repo_block WHERE cid = ?').run(records[0]![0])
  })
  expect(await check(reference.path)).toMatchObject({
    ...{ records: 0, unchangedRepos: 0 },
    newCommits: [{ did: alice, reason: 'the records do not match the commit' }],
    notes: [{ note: `the record ${path} will be left out: its block is missing` }],
  })
})

it('a block that was changed on the disk is not taken for its record', async () => {
  const reference = source()
  const { records } = reference.add({
    ...{ did: alice, handle: 'alice.test', records: { [path]: post('one') } },
  })
  reference.inStore(alice, (store) => {
    const sql = 'UPDATE repo_block SET content = ? WHERE cid = ?'
    store.prepare(sql).run(new Uint8Array([0xa0]), records[0]![0])
  })
  const { notes, newCommits } = await check(reference.path)
  expect(notes).toMatchObject([{ note: expect.stringContaining('does not match its CID') }])
  expect(newCommits).toHaveLength(1)
})

it('a missing blob, a missing handle and another DID document are notes', async () => {
  const reference = source()
  reference.add({ did: alice, handle: null })
  reference.inStore(alice, (store) => {
    const row = { mimeType: 'image/png', size: 1, createdAt: referenceTime }
    insert(store, 'blob', { ...row, cid: 'missing', tempKey: null, takedownRef: null })
    insert(store, 'blob', { ...row, cid: 'upload', tempKey: 'key', takedownRef: null })
    insert(store, 'blob', { ...row, cid: 'hidden', tempKey: null, takedownRef: 'spam' })
  })
  const noted = async (changes: Partial<VerifyPorts>) =>
    (await check(reference.path, changes)).notes.map(({ note }) => note)
  const none = async () => undefined
  const there = documentOf(alice, publicUrl)
  const of = (document: object | undefined) => ({ resolve: async () => document as never })
  expect(await noted({ blobs: { open: none }, resolver: of(there) })).toEqual([
    'it has no handle, and gets one that ends in .invalid',
    'the blob missing is missing',
  ])
  expect(await noted({ resolver: of(documentOf(alice, 'https://other.test')) })).toContain(
    'its DID document names https://other.test',
  )
  const rotated = documentOf(alice, publicUrl, referenceKey('another'))
  expect(await noted({ resolver: of(rotated) })).toContain(
    'its DID document names another signing key',
  )
  expect(await noted({ resolver: of(undefined) })).toContain('it has no DID document')
})

it('an account without its own database cannot be taken over', async () => {
  const reference = source()
  insert(reference.accounts, 'actor', {
    ...{ did: alice, handle: 'alice.test', createdAt: referenceTime },
  })
  expect(await check(reference.path)).toMatchObject({
    leftOut: [{ did: alice, reason: 'it has no signing key' }],
  })
})

it('a folder of an earlier release of the reference is refused with the advice to update it', async () => {
  const reference = source()
  reference.accounts.exec('DROP TABLE authorized_client')
  await expect(check(reference.path)).rejects.toThrow('must be updated first')
})

it('a folder without its databases is no reference', () => {
  expect(() => new ReferenceFolder('/nowhere')).toThrow('it has no account.sqlite')
})

it('a damaged store.sqlite makes its account unusable, and the others are checked', async () => {
  const reference = source()
  reference.add({ did: alice, handle: 'alice.test', records: { [path]: post('one') } })
  const bob = 'did:plc:bobbbbbbbbbbbbbbbbbbbbbb'
  reference.add({ did: bob, handle: 'bob.test' })
  const store = join(new ReferenceFolder(reference.path).actorFolder(bob), 'store.sqlite')
  writeFileSync(store, 'not a database, but long enough to be taken for one'.repeat(100))
  expect(await check(reference.path)).toMatchObject({
    ...{ accounts: 2, unchangedRepos: 1 },
    leftOut: [{ did: bob, reason: expect.stringContaining('store.sqlite cannot be read') }],
  })
})

it('columns and tables that a later release of the reference adds are no obstacle', async () => {
  const reference = source()
  reference.accounts.exec(`ALTER TABLE actor ADD COLUMN storeSchemaVersion INTEGER DEFAULT 7;
    ALTER TABLE account ADD COLUMN later TEXT NOT NULL DEFAULT 'x'; CREATE TABLE later (id)`)
  for (const table of ['token', 'device', 'app_password', 'refresh_token', 'invite_code']) {
    reference.accounts.exec(`ALTER TABLE ${table} ADD COLUMN later TEXT`)
  }
  reference.sequencer.exec('ALTER TABLE repo_seq ADD COLUMN later TEXT')
  reference.add({ did: alice, handle: 'alice.test', records: { [path]: post('one') } })
  reference.inStore(alice, (store) => {
    for (const table of ['repo_root', 'repo_block', 'record', 'blob', 'account_pref']) {
      store.exec(`ALTER TABLE ${table} ADD COLUMN later TEXT`)
    }
    store.exec('CREATE TABLE later (id)')
  })
  expect(await check(reference.path)).toMatchObject({
    ...{ accounts: 1, records: 1, unchangedRepos: 1, leftOut: [], notes: [] },
  })
})
