import { decode } from '@ipld/dag-cbor'
import { describe, expect, it } from 'vitest'
import { announce } from '#src/account/lifecycle/announce.ts'
import {
  addTakeoverBlobs,
  addTakeoverRecords,
  beginTakeover,
  finishTakeover,
} from '#src/account/lifecycle/take-over.ts'
import type { TakenOver } from '#src/account/lifecycle/taken-over.ts'
import { getPreferences } from '#src/account/preferences/preferences.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { accountSchema } from '#src/account/schema.ts'
import { findAppPassword } from '#src/account/sessions/app-passwords.ts'
import { rotateToken } from '#src/account/sessions/refresh-tokens.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { post } from '#tests/support/records.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'

const postPath = 'app.bsky.feed.post/3kaaaaaaaaa22'
const likePath = 'app.bsky.feed.like/3kaaaaaaaaa23'
const subject = 'at://did:plc:bob/app.bsky.feed.post/3kaaaaaaaaa24'
const like = {
  ...{ $type: 'app.bsky.feed.like', createdAt: '2026-01-01T00:00:00.000Z' },
  subject: { uri: subject, cid: 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi' },
}
const repo = foreignRepo({
  did: testDid,
  signer: testKey,
  records: { [likePath]: like, [postPath]: post('from the reference') },
})
const records = [likePath, postPath].map((path, i) => {
  return { path, cid: repo.records[i]![0], bytes: repo.records[i]![1] }
})

const emptyServer = () => openTestAccount({ sql: nodeSql({ schema: accountSchema }) })

function taken({ keys }: OpenAccount, changes: Partial<TakenOver> = {}): TakenOver {
  return {
    profile: {
      ...{ handle: 'alice.test', email: 'alice@example.com', emailConfirmedAt: null },
      ...{ passwordHash: 'salt:hash', deactivatedAt: null, deleteAfter: null, takedownRef: null },
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    signingKey: keys.seal(new Uint8Array(32).fill(7), testDid),
    signingKeyDid: testKey.did(),
    root: { cid: repo.root, rev: repo.rev, block: repo.commit[1] },
    ...{ records: records.length, blobs: 0, takedowns: [], preferences: '[]', appPasswords: [] },
    ...{ refreshTokens: [], grants: [], devices: [], clients: [] },
    ...changes,
  }
}

async function takeOver(account: OpenAccount, changes: Partial<TakenOver> = {}) {
  await beginTakeover(account)
  await addTakeoverRecords(account, { rev: repo.rev, records })
  return finishTakeover(account, taken(account, changes))
}

describe('taking an account over', () => {
  it('the signed commit stays, and the next commit continues its chain', async () => {
    const account = await emptyServer()
    const { cid, rev, isNew } = await takeOver(account)
    expect({ cid, rev, isNew }).toEqual({ cid: repo.root, rev: repo.rev, isNew: false })
    expect(account.delivered).toEqual([])
    await createRecord(account, {
      ...{ collection: 'app.bsky.feed.post', record: post('from here') },
    })
    await account.outbox.settled()
    const { event, seqAt } = account.delivered[0]!
    const whole = Buffer.concat([event.subarray(0, seqAt), Buffer.of(0), event.subarray(seqAt)])
    const { since, prevData } = decode<{ since: string; prevData: object }>(whole)
    expect(since).toBe(repo.rev)
    expect(String(prevData)).toBe((decode(repo.commit[1]) as { data: object }).data.toString())
  })

  it('records are readable, and a second like of the same post replaces the first', async () => {
    const account = await emptyServer()
    await takeOver(account)
    const [collection, rkey] = postPath.split('/') as [string, string]
    const { json } = await getRecord(account, { collection, rkey })
    expect(JSON.parse(json)).toMatchObject({ cid: records[1]!.cid })
    await createRecord(account, { collection: 'app.bsky.feed.like', record: like })
    const rows = await account.sql.all("SELECT path FROM record WHERE path LIKE '%like/%'")
    expect(rows).toHaveLength(1)
    expect(rows).not.toEqual([{ path: likePath }])
  })

  it('a repo whose commit is not of its records gets a new commit with a later rev', async () => {
    const account = await emptyServer()
    await beginTakeover(account)
    await addTakeoverRecords(account, { rev: repo.rev, records: records.slice(1) })
    const { rev, isNew } = await finishTakeover(account, taken(account, { records: 1 }))
    expect(isNew).toBe(true)
    expect(rev > repo.rev).toBe(true)
    expect((await account.lane.head()).rev).toBe(rev)
    expect(await account.sql.all('SELECT DISTINCT rev FROM record')).toEqual([{ rev }])
  })

  it('a commit that another key has signed is not kept', async () => {
    const account = await emptyServer()
    const other = new Uint8Array(32).fill(8)
    const { signingKey } = await import('#src/ports/secp256k1.ts')
    const signingKeyDid = signingKey(other).did()
    const sealed = account.keys.seal(other, testDid)
    expect(await takeOver(account, { signingKey: sealed, signingKeyDid })).toMatchObject({
      isNew: true,
    })
  })

  it('sessions and app passwords live on', async () => {
    const account = await emptyServer()
    const password = 'abcd-efgh-ijkl-mnop'
    const hash = await hashAppPassword(testDid, password)
    const expiresAt = Date.parse('2026-02-01T00:00:00Z')
    await takeOver(account, {
      appPasswords: [{ name: 'phone', hash, privileged: true, createdAt: 1 }],
      refreshTokens: [{ id: 'token', expiresAt, nextId: null, appPasswordName: 'phone' }],
    })
    expect(await findAppPassword(account, password)).toMatchObject({ privileged: true })
    expect(await rotateToken(account, 'token')).toMatchObject({
      appPassword: { name: 'phone', privileged: true },
    })
  })

  it('grants are found by their refresh token, also by one that was used', async () => {
    const account = await emptyServer()
    const { findGrant } = await import('#src/account/oauth/grants.ts')
    const [expiresAt, createdAt, updatedAt] = [3, 1, 2]
    const grant = { id: 'tok-1', refreshHash: 'now', codeHash: null, data: '{}' }
    await takeOver(account, {
      grants: [{ ...grant, expiresAt, createdAt, updatedAt, spent: ['before'] }],
    })
    expect(await findGrant(account, { refreshHash: 'now' })).toMatchObject({ id: 'tok-1' })
    expect(await findGrant(account, { refreshHash: 'before' })).toMatchObject({ id: 'tok-1' })
    expect(await findGrant(account, { refreshHash: 'other' })).toBeNull()
  })

  it('preferences, takedowns and the state of the account are the reference’s', async () => {
    const account = await emptyServer()
    const profile = { ...taken(account).profile, takedownRef: 'spam' }
    await takeOver(account, {
      profile,
      preferences: JSON.stringify([{ $type: 'app.bsky.actor.defs#adultContentPref' }]),
      takedowns: [
        [postPath, 'rude'],
        ['app.bsky.feed.post/gone', 'rude'],
      ],
    })
    expect((await account.profile.get()).status).toBe('takendown')
    expect(await account.takedowns.refOf(postPath)).toBe('rude')
    expect(await account.sql.all('SELECT path FROM takedown')).toEqual([{ path: postPath }])
    expect(await getPreferences(account, { fullAccess: true })).toEqual({
      preferences: [{ $type: 'app.bsky.actor.defs#adultContentPref' }],
    })
  })

  it('an upload that no record references is one here, too', async () => {
    const account = await emptyServer()
    await beginTakeover(account)
    await addTakeoverRecords(account, { rev: repo.rev, records })
    const blob = { mimeType: 'image/png', size: 3, createdAt: 1, takedownRef: null }
    const blobs = [
      { ...blob, cid: 'a', tempKey: null },
      { ...blob, cid: 'b', tempKey: 'upload' },
    ]
    await addTakeoverBlobs(account, { blobs })
    await finishTakeover(account, taken(account, { blobs: 2 }))
    expect(await account.sql.all('SELECT cid, state FROM blob')).toEqual([
      { cid: 'a', state: null },
      { cid: 'b', state: 'temp' },
    ])
  })
})

describe('what a takeover must not do', () => {
  it('an account does not exist before it is finished', async () => {
    const account = await emptyServer()
    await beginTakeover(account)
    await addTakeoverRecords(account, { rev: repo.rev, records })
    await expect(account.profile.get()).rejects.toMatchObject({ error: 'RepoNotFound' })
  })

  it('it is not finished if records are missing', async () => {
    const account = await emptyServer()
    await beginTakeover(account)
    await expect(finishTakeover(account, taken(account))).rejects.toMatchObject({ status: 400 })
    expect(await account.profile.find()).toBeUndefined()
  })

  it('a record that does not have its CID is refused', async () => {
    const account = await emptyServer()
    await beginTakeover(account)
    const wrong = [{ ...records[0]!, bytes: records[1]!.bytes }]
    await expect(
      addTakeoverRecords(account, { rev: repo.rev, records: wrong }),
    ).rejects.toMatchObject({ status: 400 })
  })

  it('an account that was taken over is replaced by a later pass, and every step may be repeated', async () => {
    const account = await emptyServer()
    await takeOver(account)
    await beginTakeover(account)
    await beginTakeover(account)
    for (const _ of [1, 2]) await addTakeoverRecords(account, { rev: repo.rev, records })
    const profile = { ...taken(account).profile, handle: 'renamed.test' }
    for (const _ of [1, 2]) {
      expect(await finishTakeover(account, taken(account, { profile }))).toMatchObject({
        isNew: false,
      })
    }
    expect((await account.profile.get()).handle).toBe('renamed.test')
  })

  it('an account of this server is never replaced', async () => {
    const account = await openTestAccount()
    await createRecord(account, {
      ...{ collection: 'app.bsky.feed.post', record: post('mine') },
    })
    await expect(beginTakeover(account)).rejects.toMatchObject({ status: 403 })
    await expect(finishTakeover(account, taken(account))).rejects.toMatchObject({ status: 403 })
  })

  it('an account that has announced itself is not replaced any more', async () => {
    const account = await emptyServer()
    await takeOver(account)
    await announce(account)
    await expect(beginTakeover(account)).rejects.toMatchObject({ status: 403 })
  })
})
