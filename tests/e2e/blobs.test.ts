import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type BlobRef, jsonToLex } from '@atproto/api'
import { describe, expect, it } from 'vitest'
import { cidForRaw } from '#src/protocol/cid.ts'
import {
  emptyHistory,
  getBlob,
  pendingUploads,
  png,
  postWithImage,
  upload,
} from '#tests/support/blobs.ts'
import { adminPassword, createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice, bob } = await serverWithAccounts(['alice', 'bob'])

const stored = (of: TestAccount, cid: string) => existsSync(join(server.dir, 'blobs', of.did, cid))

async function listed(of: TestAccount): Promise<string[]> {
  const { data } = await of.agent.com.atproto.sync.listBlobs({ did: of.did })
  return data.cids
}

describe('a blob', () => {
  it('a blob is uploaded, referenced by a post, served and listed until the post is deleted, and again if it is restored', async () => {
    const bytes = png(1)
    const blob = await upload(alice, bytes)
    const cid = blob.ref.toString()
    expect(blob).toMatchObject({ mimeType: 'image/png', size: bytes.length })
    expect(cid).toBe(cidForRaw(bytes))
    expect(await getBlob(server, alice, cid)).toMatchObject({ status: 400 })
    expect(pendingUploads(server, alice)).toHaveLength(1)

    const { uri } = await alice.agent.post(postWithImage(blob))
    const latest = await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })
    const response = await getBlob(server, alice, cid)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'content-disposition': `attachment; filename="${cid}"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    })
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    expect(await listed(alice)).toEqual([cid])
    await expect.poll(() => [stored(alice, cid), pendingUploads(server, alice)]).toEqual([true, []])

    await alice.agent.deletePost(uri)
    expect(await getBlob(server, alice, cid)).toMatchObject({ status: 400 })
    expect(await listed(alice)).toEqual([])
    const body = { account: alice.did, at: latest.data.rev, uris: [uri] }
    await call(server, '/xrpc/dev.headwater.history.restoreRecords', { as: alice, body })
    expect(await getBlob(server, alice, cid)).toMatchObject({ status: 200 })
    expect(await listed(alice)).toEqual([cid])

    await alice.agent.deletePost(uri)
    expect(stored(alice, cid)).toBe(true)
    await emptyHistory(server, alice)
    await expect.poll(() => stored(alice, cid)).toBe(false)
  })

  it('a blob is kept as long as any record references it', async () => {
    const blob = await upload(alice, png(2))
    const cid = blob.ref.toString()
    const first = await alice.agent.post(postWithImage(blob, 'one'))
    const second = await alice.agent.post(postWithImage(blob, 'two'))
    await alice.agent.deletePost(first.uri)
    expect(await getBlob(server, alice, cid)).toMatchObject({ status: 200 })
    await alice.agent.deletePost(second.uri)
    await emptyHistory(server, alice)
    await expect.poll(() => stored(alice, cid)).toBe(false)
  })

  it('a blob is deleted when an update references another', async () => {
    const [old, next] = [await upload(bob, png(3)), await upload(bob, png(4))]
    await bob.agent.upsertProfile((profile) => ({ ...profile, avatar: old }))
    await expect.poll(() => stored(bob, old.ref.toString())).toBe(true)
    await bob.agent.upsertProfile((profile) => ({ ...profile, avatar: next }))
    await emptyHistory(server, bob)
    await expect.poll(() => stored(bob, old.ref.toString())).toBe(false)
    expect(await listed(bob)).toEqual([next.ref.toString()])
    expect(await getBlob(server, bob, next.ref.toString())).toMatchObject({ status: 200 })
  })

  it('HEAD getBlob has the headers and no body', async () => {
    const blob = await upload(bob, png(5))
    await bob.agent.post(postWithImage(blob))
    const url = `${server.url}/xrpc/com.atproto.sync.getBlob?did=${bob.did}&cid=${blob.ref}`
    const response = await fetch(url, { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe(String(blob.size))
    expect(await response.text()).toBe('')
  })

  it('getBlob sends a part, or nothing to a client that has the blob', async () => {
    const bytes = Buffer.concat([
      png(),
      Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251)),
    ])
    const blob = await upload(bob, bytes)
    await bob.agent.post(postWithImage(blob))
    const url = `${server.url}/xrpc/com.atproto.sync.getBlob?did=${bob.did}&cid=${blob.ref}`
    const part = await fetch(url, { headers: { range: 'bytes=1000-101000' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 1000-101000/${bytes.length}`,
    ])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(1000, 101_001))
    const beyond = await fetch(url, { headers: { range: `bytes=${bytes.length}-` } })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([
      416,
      `bytes */${bytes.length}`,
    ])
    await beyond.body?.cancel()
    const known = await fetch(url, { headers: { 'if-none-match': part.headers.get('etag')! } })
    expect([known.status, await known.text()]).toEqual([304, ''])
  })

  it("the MIME type of a blob is detected, and the caller's is used only if detection fails", async () => {
    expect(await upload(bob, png(6), 'text/plain')).toMatchObject({ mimeType: 'image/png' })
    expect(await upload(bob, Buffer.from('hello'), 'text/x-mine')).toMatchObject({
      mimeType: 'text/x-mine',
    })
  })

  it('listBlobs since a rev lists later blobs', async () => {
    const carol = await createTestAccount(server, 'carol')
    const [one, two] = [await upload(carol, png(7)), await upload(carol, png(8))]
    await carol.agent.post(postWithImage(one))
    const { data } = await carol.agent.com.atproto.sync.getLatestCommit({ did: carol.did })
    await carol.agent.post(postWithImage(two))
    const since = await carol.agent.com.atproto.sync.listBlobs({ did: carol.did, since: data.rev })
    expect(since.data).toEqual({ cids: [two.ref.toString()], cursor: two.ref.toString() })
    const cids = [one, two].map(({ ref }) => ref.toString()).sort()
    const page = await carol.agent.com.atproto.sync.listBlobs({ did: carol.did, limit: 1 })
    expect(page.data).toEqual({ cids: [cids[0]], cursor: cids[0] })
    const rest = await carol.agent.com.atproto.sync.listBlobs({ did: carol.did, cursor: cids[0]! })
    expect(rest.data.cids).toEqual([cids[1]])
    const missing = await carol.agent.com.atproto.repo.listMissingBlobs()
    expect(missing.data).toEqual({ blobs: [] })
  })
})

describe('a record', () => {
  const write = (blob: unknown) =>
    statusAndError(
      call(server, 'repo.createRecord', {
        as: bob,
        body: {
          repo: bob.did,
          collection: 'app.bsky.feed.post',
          record: { $type: 'app.bsky.feed.post', ...postWithImage(blob as BlobRef) },
        },
      }),
    )

  it('a record that references a missing blob is rejected', async () => {
    const ref = { $link: cidForRaw(png(9)) }
    const blob = { $type: 'blob', ref, mimeType: 'image/png', size: 21 }
    expect(await write(blob)).toEqual([400, 'BlobNotFound'])
  })

  it('a record that references an upload of another account is rejected', async () => {
    expect(await write(await upload(alice, png(10)))).toEqual([400, 'BlobNotFound'])
  })

  it('a record with a wrong size or MIME type of its blob is rejected', async () => {
    const { ref, mimeType, size } = await upload(bob, png(11))
    const blob = { $type: 'blob', ref: { $link: ref.toString() }, mimeType, size }
    expect(await write({ ...blob, mimeType: 'image/gif' })).toEqual([400, 'InvalidMimeType'])
    expect(await write({ ...blob, size: size + 1 })).toEqual([400, 'InvalidSize'])
    expect(jsonToLex(blob)).toBeDefined()
    expect(await write(blob)).toEqual([200, undefined])
  })
})

describe('a blob that was taken down', () => {
  const takedown = (of: TestAccount, cid: string, applied: boolean) =>
    call(server, 'admin.updateSubjectStatus', {
      as: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
      body: {
        subject: { $type: 'com.atproto.admin.defs#repoBlobRef', did: of.did, cid },
        takedown: { applied, ref: 'reason' },
      },
    })

  it('a blob that is taken down is neither served nor accepted until the takedown is reversed', async () => {
    const bytes = png(13)
    const blob = await upload(bob, bytes)
    const cid = blob.ref.toString()
    await bob.agent.post(postWithImage(blob))
    await takedown(bob, cid, true)
    expect(await getBlob(server, bob, cid)).toMatchObject({ status: 400 })
    expect(stored(bob, cid)).toBe(false)
    expect(existsSync(join(server.dir, 'blobs/quarantine', bob.did, cid))).toBe(true)
    await expect(upload(bob, bytes)).rejects.toThrow('Blob has been takendown, cannot re-upload')
    await expect(bob.agent.post(postWithImage(blob))).rejects.toMatchObject({
      error: 'BlobNotFound',
    })
    await takedown(bob, cid, false)
    expect(await getBlob(server, bob, cid)).toMatchObject({ status: 200 })
  })
})
