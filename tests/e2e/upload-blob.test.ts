import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cidForRaw } from '#src/protocol/cid.ts'
import { getBlob, pendingUploads, png, postWithImage, upload } from '#tests/support/blobs.ts'
import { createTestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const limit = 60 * 1024 * 1024

const { server, alice } = await serverWithAccounts(['alice'], {
  env: { PDS_BLOB_UPLOAD_LIMIT: String(limit), PDS_BLOB_ACCOUNT_QUOTA: '110000000' },
})

describe('uploadBlob', () => {
  const raw = (options: Parameters<typeof call>[2]) =>
    call(server, 'repo.uploadBlob', { as: alice, ...options })

  it('uploadBlob requires an account', async () => {
    expect(await statusAndError(raw({ as: undefined, body: png(12) }))).toEqual([
      401,
      'AuthMissing',
    ])
  })

  it("uploadBlob accepts the account's own service token for it, and no other", async () => {
    const token = async (lxm: string) => {
      const { data: about } = await alice.agent.com.atproto.server.describeServer()
      const service = { aud: about.did, lxm: `com.atproto.repo.${lxm}` }
      const { data } = await alice.agent.com.atproto.server.getServiceAuth(service)
      return `Bearer ${data.token}`
    }
    const answer = await raw({ as: await token('uploadBlob'), body: png(14) })
    expect([answer.status, answer.error]).toEqual([200, undefined])
    const other = raw({ as: await token('createRecord'), body: png(14) })
    expect(await statusAndError(other)).toEqual([401, 'BadJwtLexiconMethod'])
  })

  it('uploadBlob works for a deactivated account, whose blobs only the account can read', async () => {
    const erin = await createTestAccount(server, 'erin')
    const blob = await upload(erin, png(15))
    const cid = blob.ref.toString()
    await erin.agent.post(postWithImage(blob))
    await erin.agent.com.atproto.server.deactivateAccount({})
    expect(await upload(erin, png(16))).toMatchObject({ mimeType: 'image/png' })
    const query = { did: erin.did, cid }
    const unauthenticated = call(server, 'sync.getBlob', { query })
    expect(await statusAndError(unauthenticated)).toEqual([400, 'RepoDeactivated'])
    expect(await call(server, 'sync.getBlob', { query, as: erin })).toMatchObject({ status: 200 })
  })

  it('uploadBlob decodes an encoded body', async () => {
    const bytes = Buffer.from('text '.repeat(1000))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' }
    const answer = await raw({ body: gzipSync(bytes), headers })
    expect(answer.body).toMatchObject({ blob: { size: 5000, ref: { $link: cidForRaw(bytes) } } })
    expect(await statusAndError(raw({ body: bytes, headers }))).toEqual([400, 'InvalidRequest'])
  })

  it('uploadBlob rejects a body over the limit, announced or not', async () => {
    const big = new Uint8Array(limit + 1)
    expect(await statusAndError(raw({ body: big }))).toEqual([413, 'PayloadTooLarge'])
    const bomb = gzipSync(new Uint8Array(limit + 1))
    const headers = { 'content-encoding': 'gzip' }
    expect(await statusAndError(raw({ body: bomb, headers }))).toEqual([413, 'PayloadTooLarge'])
  })

  it('uploadBlob leaves nothing of an upload that breaks off', async () => {
    const before = pendingUploads(server, alice)
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
    await expect.poll(() => pendingUploads(server, alice).length).toBe(before.length + 1)
    outgoing.destroy()
    await expect.poll(() => pendingUploads(server, alice)).toEqual(before)
  })

  it('uploadBlob and getBlob stream 50 MB without holding them in memory', {
    timeout: 60_000,
  }, async () => {
    const bytes = randomBytes(50_000_000)
    const rss = () =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024
    const before = rss()
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, rss())
    }, 5)
    const blob = await upload(alice, bytes, 'application/octet-stream')
    const record = { $type: 'com.example.file', file: blob }
    const repo = { repo: alice.did, collection: 'com.example.file' }
    await alice.agent.com.atproto.repo.createRecord({ ...repo, record })
    const response = await getBlob(server, alice, blob.ref.toString())
    const hash = createHash('sha256')
    for await (const chunk of response.body!) hash.update(chunk)
    clearInterval(watch)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(peak - before).toBeLessThan(40)
  })

  it('uploadBlob enforces the quota of an account', async () => {
    const dave = await createTestAccount(server, 'dave')
    await upload(dave, new Uint8Array(55_000_000), 'application/octet-stream')
    await upload(dave, new Uint8Array(55_000_000), 'application/octet-stream')
    const more = new Uint8Array(55_000_000).fill(1)
    await upload(dave, more, 'application/octet-stream')
    more.fill(2)
    const answer = call(server, 'repo.uploadBlob', { as: dave, body: more })
    expect(await statusAndError(answer)).toEqual([413, 'BlobQuotaExceeded'])
    expect(pendingUploads(server, dave)).toHaveLength(2)
  })
})
