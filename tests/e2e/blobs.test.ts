import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BlobRef, jsonToLex } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cidForRaw } from '#src/protocol/cid.ts'
import { call, failure } from '#tests/helpers/call.ts'
import { createdAt } from '#tests/helpers/records.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/helpers/server.ts'

const limit = 60 * 1024 * 1024
/** The least that is a PNG, followed by anything. */
const png = (...more: number[]) =>
  Uint8Array.of(...Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex'), ...more)

let server: TestServer
let alice: TestAccount
let bob: TestAccount
beforeAll(async () => {
  server = await startServer({
    env: { PDS_BLOB_UPLOAD_LIMIT: String(limit), PDS_BLOB_ACCOUNT_QUOTA: String(110_000_000) },
  })
  alice = await createTestAccount(server, 'alice')
  bob = await createTestAccount(server, 'bob')
})
afterAll(() => server.remove())

async function upload(by: TestAccount, bytes: Uint8Array, encoding = 'image/png') {
  const { data } = await by.agent.com.atproto.repo.uploadBlob(bytes, { encoding })
  return data.blob
}

function withImage(blob: BlobRef, text = 'look') {
  const images = [{ image: blob, alt: 'a picture' }]
  return { text, createdAt, embed: { $type: 'app.bsky.embed.images', images } }
}

const getBlob = (of: TestAccount, cid: string) =>
  fetch(`${server.url}/xrpc/com.atproto.sync.getBlob?did=${of.did}&cid=${cid}`)

const stored = (of: TestAccount, cid: string) => existsSync(join(server.dir, 'blobs', of.did, cid))

function waiting(of: TestAccount): string[] {
  const folder = join(server.dir, 'blobs/tempt', of.did)
  return existsSync(folder) ? readdirSync(folder) : []
}

async function listed(of: TestAccount): Promise<string[]> {
  const { data } = await of.agent.com.atproto.sync.listBlobs({ did: of.did })
  return data.cids
}

describe('a blob', () => {
  it('is uploaded, named by a post, given to everybody and listed, until the post is deleted', async () => {
    const bytes = png(1)
    const blob = await upload(alice, bytes)
    const cid = blob.ref.toString()
    expect(blob).toMatchObject({ mimeType: 'image/png', size: bytes.length })
    expect(cid).toBe(cidForRaw(bytes))
    expect(await getBlob(alice, cid)).toMatchObject({ status: 400 })
    expect(waiting(alice)).toHaveLength(1)

    const { uri } = await alice.agent.post(withImage(blob))
    const response = await getBlob(alice, cid)
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
    await expect.poll(() => [stored(alice, cid), waiting(alice)]).toEqual([true, []])

    await alice.agent.deletePost(uri)
    expect(await getBlob(alice, cid)).toMatchObject({ status: 400 })
    expect(await listed(alice)).toEqual([])
    await expect.poll(() => stored(alice, cid)).toBe(false)
  })

  it('stays as long as any record names it', async () => {
    const blob = await upload(alice, png(2))
    const cid = blob.ref.toString()
    const first = await alice.agent.post(withImage(blob, 'one'))
    const second = await alice.agent.post(withImage(blob, 'two'))
    await alice.agent.deletePost(first.uri)
    expect(await getBlob(alice, cid)).toMatchObject({ status: 200 })
    await alice.agent.deletePost(second.uri)
    await expect.poll(() => stored(alice, cid)).toBe(false)
  })

  it('goes when an update names another', async () => {
    const [old, next] = [await upload(bob, png(3)), await upload(bob, png(4))]
    await bob.agent.upsertProfile((profile) => ({ ...profile, avatar: old }))
    await expect.poll(() => stored(bob, old.ref.toString())).toBe(true)
    await bob.agent.upsertProfile((profile) => ({ ...profile, avatar: next }))
    await expect.poll(() => stored(bob, old.ref.toString())).toBe(false)
    expect(await listed(bob)).toEqual([next.ref.toString()])
    expect(await getBlob(bob, next.ref.toString())).toMatchObject({ status: 200 })
  })

  it('is told to HEAD without its bytes', async () => {
    const blob = await upload(bob, png(5))
    await bob.agent.post(withImage(blob))
    const url = `${server.url}/xrpc/com.atproto.sync.getBlob?did=${bob.did}&cid=${blob.ref}`
    const response = await fetch(url, { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe(String(blob.size))
    expect(await response.text()).toBe('')
  })

  it('is what its bytes are, and what the caller says only where they do not tell', async () => {
    expect(await upload(bob, png(6), 'text/plain')).toMatchObject({ mimeType: 'image/png' })
    expect(await upload(bob, Buffer.from('hello'), 'text/x-mine')).toMatchObject({
      mimeType: 'text/x-mine',
    })
  })

  it('is listed since a rev', async () => {
    const carol = await createTestAccount(server, 'carol')
    const [one, two] = [await upload(carol, png(7)), await upload(carol, png(8))]
    await carol.agent.post(withImage(one))
    const { data } = await carol.agent.com.atproto.sync.getLatestCommit({ did: carol.did })
    await carol.agent.post(withImage(two))
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
    failure(
      call(server, 'repo.createRecord', {
        as: bob,
        body: {
          repo: bob.did,
          collection: 'app.bsky.feed.post',
          record: { $type: 'app.bsky.feed.post', ...withImage(blob as BlobRef) },
        },
      }),
    )

  it('cannot name a blob that is not there', async () => {
    const ref = { $link: cidForRaw(png(9)) }
    const blob = { $type: 'blob', ref, mimeType: 'image/png', size: 21 }
    expect(await write(blob)).toEqual([400, 'BlobNotFound'])
  })

  it('cannot name an upload of somebody else', async () => {
    expect(await write(await upload(alice, png(10)))).toEqual([400, 'BlobNotFound'])
  })

  it('says of an upload what is true', async () => {
    const { ref, mimeType, size } = await upload(bob, png(11))
    const blob = { $type: 'blob', ref: { $link: ref.toString() }, mimeType, size }
    expect(await write({ ...blob, mimeType: 'image/gif' })).toEqual([400, 'InvalidMimeType'])
    expect(await write({ ...blob, size: size + 1 })).toEqual([400, 'InvalidSize'])
    expect(jsonToLex(blob)).toBeDefined()
    expect(await write(blob)).toEqual([200, undefined])
  })
})

describe('uploadBlob', () => {
  const raw = (options: Parameters<typeof call>[2]) =>
    call(server, 'repo.uploadBlob', { as: alice, ...options })

  it('needs an account', async () => {
    expect(await failure(raw({ as: undefined, body: png(12) }))).toEqual([401, 'AuthMissing'])
  })

  it('takes the account’s own service token for it, and for nothing else', async () => {
    const token = async (lxm: string) => {
      const { data: about } = await alice.agent.com.atproto.server.describeServer()
      const service = { aud: about.did, lxm: `com.atproto.repo.${lxm}` }
      const { data } = await alice.agent.com.atproto.server.getServiceAuth(service)
      return `Bearer ${data.token}`
    }
    const answer = await raw({ as: await token('uploadBlob'), body: png(14) })
    expect([answer.status, answer.error]).toEqual([200, undefined])
    const other = raw({ as: await token('createRecord'), body: png(14) })
    expect(await failure(other)).toEqual([401, 'BadJwtLexiconMethod'])
  })

  it('goes on for a deactivated account, whose blobs only itself is given', async () => {
    const erin = await createTestAccount(server, 'erin')
    const blob = await upload(erin, png(15))
    const cid = blob.ref.toString()
    await erin.agent.post(withImage(blob))
    await erin.agent.com.atproto.server.deactivateAccount({})
    expect(await upload(erin, png(16))).toMatchObject({ mimeType: 'image/png' })
    const query = { did: erin.did, cid }
    const stranger = call(server, 'sync.getBlob', { query })
    expect(await failure(stranger)).toEqual([400, 'RepoDeactivated'])
    expect(await call(server, 'sync.getBlob', { query, as: erin })).toMatchObject({ status: 200 })
  })

  it('decodes what is encoded', async () => {
    const bytes = Buffer.from('text '.repeat(1000))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' }
    const answer = await raw({ body: gzipSync(bytes), headers })
    expect(answer.body).toMatchObject({ blob: { size: 5000, ref: { $link: cidForRaw(bytes) } } })
    expect(await failure(raw({ body: bytes, headers }))).toEqual([400, 'InvalidRequest'])
  })

  it('takes nothing beyond the limit, announced or not', async () => {
    const big = new Uint8Array(limit + 1)
    expect(await failure(raw({ body: big }))).toEqual([413, 'PayloadTooLarge'])
    const bomb = gzipSync(new Uint8Array(limit + 1))
    const headers = { 'content-encoding': 'gzip' }
    expect(await failure(raw({ body: bomb, headers }))).toEqual([413, 'PayloadTooLarge'])
  })

  it('leaves nothing of an upload that breaks off', async () => {
    const before = waiting(alice)
    const { port, hostname } = new URL(server.url)
    const outgoing = request({
      ...{ port, hostname, method: 'POST', path: '/xrpc/com.atproto.repo.uploadBlob' },
      headers: {
        authorization: `Bearer ${alice.agent.session!.accessJwt}`,
        'content-type': 'video/mp4',
        'content-length': '20000000',
      },
    })
    outgoing.on('error', () => {})
    outgoing.write(randomBytes(2_000_000))
    await expect.poll(() => waiting(alice).length).toBe(before.length + 1)
    outgoing.destroy()
    await expect.poll(() => waiting(alice)).toEqual(before)
  })

  it('takes 50 MB, and gives them back, without holding them', { timeout: 60_000 }, async () => {
    const bytes = randomBytes(50_000_000)
    const rss = () =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024
    const before = rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, rss())
    }, 5)
    const blob = await upload(alice, bytes, 'application/octet-stream')
    const record = { $type: 'com.example.file', file: blob }
    const repo = { repo: alice.did, collection: 'com.example.file' }
    await alice.agent.com.atproto.repo.createRecord({ ...repo, record })
    const response = await getBlob(alice, blob.ref.toString())
    const hash = createHash('sha256')
    for await (const chunk of response.body!) hash.update(chunk)
    clearInterval(watch)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(most - before).toBeLessThan(40)
  })

  it('keeps to the quota of an account', async () => {
    const dave = await createTestAccount(server, 'dave')
    await upload(dave, new Uint8Array(55_000_000), 'application/octet-stream')
    await upload(dave, new Uint8Array(55_000_000), 'application/octet-stream')
    const more = new Uint8Array(55_000_000).fill(1)
    await upload(dave, more, 'application/octet-stream')
    more.fill(2)
    const answer = call(server, 'repo.uploadBlob', { as: dave, body: more })
    expect(await failure(answer)).toEqual([413, 'BlobQuotaExceeded'])
    expect(waiting(dave)).toHaveLength(2)
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

  it('is set aside, given to nobody and taken from nobody, until it is put back', async () => {
    const bytes = png(13)
    const blob = await upload(bob, bytes)
    const cid = blob.ref.toString()
    await bob.agent.post(withImage(blob))
    await takedown(bob, cid, true)
    expect(await getBlob(bob, cid)).toMatchObject({ status: 400 })
    expect(stored(bob, cid)).toBe(false)
    expect(existsSync(join(server.dir, 'blobs/quarantine', bob.did, cid))).toBe(true)
    await expect(upload(bob, bytes)).rejects.toThrow('Blob has been takendown, cannot re-upload')
    await expect(bob.agent.post(withImage(blob))).rejects.toMatchObject({ error: 'BlobNotFound' })
    await takedown(bob, cid, false)
    expect(await getBlob(bob, cid)).toMatchObject({ status: 200 })
  })
})
