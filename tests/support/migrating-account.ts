/** An account that migrates between servers with all its data, and a check, with code that is not ours, that it is complete. */
import { randomBytes } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'
import { toString as cidText, create } from '@atcute/cid'
import type { AtpAgent, BlobRef } from '@atproto/api'
import { IdResolver } from '@atproto/identity'
import { expect } from 'vitest'
import { createdAt } from '#tests/support/records.ts'
import { fetchAtHost } from '#tests/support/resolvable-server.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const follow = 'app.bsky.graph.follow'
const post = 'app.bsky.feed.post'

/** The addresses of a server and of its PLC directory. */
export interface NetworkServer {
  url: string
  plcUrl: string
}

/** The data of the account, which must be the same on every server. */
export class AccountContents {
  /** CIDs of records by path. */
  readonly records = new Map<string, string>()
  /** Bytes of blobs by CID. */
  readonly blobs = new Map<string, Uint8Array>()
  readonly deletedBlobs = new Set<string>()
  preferences: { $type: string }[] = []

  async write(by: AtpAgent, collection: string, rkey: string | undefined, record: object) {
    const input = { repo: by.assertDid, collection, record: { $type: collection, ...record } }
    const { data } = await by.com.atproto.repo.createRecord({ ...input, ...(rkey && { rkey }) })
    this.records.set(path(data.uri), data.cid)
    return data
  }

  /** Posts a new image; returns the path of the post and the CID of the image. */
  async post(by: AtpAgent, text: string) {
    const blob = await this.upload(by)
    const embed = { $type: 'app.bsky.embed.images', images: [{ image: blob, alt: text }] }
    const { uri } = await this.write(by, post, undefined, { text, createdAt, embed })
    return { path: path(uri), image: blob.ref.toString() }
  }

  async upload(by: AtpAgent): Promise<BlobRef> {
    const bytes = picture()
    const { data } = await by.com.atproto.repo.uploadBlob(bytes, { encoding: 'image/png' })
    this.blobs.set(await rawCid(bytes), bytes)
    return data.blob
  }

  /** Notes that no record references the blob any more. */
  dropBlob(cid: string): void {
    this.blobs.delete(cid)
    this.deletedBlobs.add(cid)
  }

  async putProfile(by: AtpAgent, record: object): Promise<void> {
    const [collection, rkey] = ['app.bsky.actor.profile', 'self']
    const input = { repo: by.assertDid, collection, rkey, record: { $type: collection, ...record } }
    const { data } = await by.com.atproto.repo.putRecord(input)
    this.records.set(path(data.uri), data.cid)
  }

  async follow(by: AtpAgent, subject: string): Promise<void> {
    await this.write(by, follow, undefined, { subject, createdAt })
  }

  /** Deletes a post and its image. */
  async delete(by: AtpAgent, gone: { path: string; image: string }): Promise<void> {
    const [collection, rkey] = gone.path.split('/') as [string, string]
    await by.com.atproto.repo.deleteRecord({ repo: by.assertDid, collection, rkey })
    this.records.delete(gone.path)
    this.dropBlob(gone.image)
  }

  async putPreferences(by: AtpAgent, ...preferences: { $type: string }[]): Promise<void> {
    await by.app.bsky.actor.putPreferences({ preferences: preferences as never })
    this.preferences = preferences
  }
}

/**
 * Expects the account to be complete on this server, and to resolve to it. `forgets` is false if the server still has
 * blobs that were deleted on another server.
 */
export async function expectAccountAt(
  { url, plcUrl }: NetworkServer,
  agent: AtpAgent,
  handle: string,
  { records, blobs, deletedBlobs, preferences }: AccountContents,
  { forgets = true } = {},
): Promise<{ key: string; rev: string }> {
  const did = agent.assertDid
  const resolver = networkResolver(url, plcUrl)
  const identity = await resolver.did.resolveAtprotoData(did, true)
  const pds = url.replace('127.0.0.1', 'localhost')
  expect(identity).toMatchObject({ did, handle, pds })
  expect(await resolver.handle.resolve(handle)).toBe(did)
  const { sync, repo, identity: names, server } = agent.com.atproto
  expect((await names.resolveHandle({ handle })).data.did).toBe(did)

  const { data: car } = await sync.getRepo({ did })
  const found = await verifiedRepo(car, { did, key: identity.signingKey })
  expect(found.records).toEqual(records)
  const { data: head } = await sync.getLatestCommit({ did })
  expect(head).toEqual({ cid: found.cid, rev: found.rev })
  const { data: repoStatus } = await sync.getRepoStatus({ did })
  expect(repoStatus).toMatchObject({ did, active: true, rev: found.rev })

  const { data: listed } = await sync.listBlobs({ did })
  const kept = listed.cids.filter((cid) => forgets || !deletedBlobs.has(cid))
  expect(kept.toSorted()).toEqual([...blobs.keys()].toSorted())
  for (const [cid, bytes] of blobs) {
    const blob = await sync.getBlob({ did, cid })
    expect(blob.headers['content-type']).toBe('image/png')
    expect(Buffer.compare(blob.data, bytes)).toBe(0)
  }
  expect((await repo.listMissingBlobs()).data.blobs).toEqual([])

  const { data: preferred } = await agent.app.bsky.actor.getPreferences()
  expect(preferred.preferences).toEqual(preferences)
  const { data: status } = await server.checkAccountStatus()
  expect(status).toMatchObject({
    activated: true,
    validDid: true,
    repoCommit: found.cid,
    repoRev: found.rev,
    indexedRecords: records.size,
    ...(forgets && { expectedBlobs: blobs.size, importedBlobs: blobs.size }),
  })
  return { key: identity.signingKey, rev: found.rev }
}

function networkResolver(url: string, plcUrl: string): IdResolver {
  const ask = async (input: string | URL | Request) => {
    const attempt = new URL(input instanceof Request ? input.url : input)
    return attempt.origin === new URL(plcUrl).origin ? fetch(attempt) : fetchAtHost(url, attempt)
  }
  const resolver = new IdResolver({ plcUrl, fetch: ask as typeof fetch })
  resolver.handle.resolveDns = async () => undefined
  return resolver
}

function path(uri: string): string {
  return uri.split('/').slice(3).join('/')
}

async function rawCid(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return cidText(await create(0x55, bytes))
}

/** A valid PNG of 160 × 160 random pixels. */
function picture(): Uint8Array<ArrayBuffer> {
  const side = 160
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2], 8)
  const lines = Array.from({ length: side }, () => [Buffer.of(0), randomBytes(3 * side)]).flat()
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const around = Buffer.alloc(8)
    around.writeUInt32BE(data.length, 0)
    around.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
  }
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const pixels = chunk('IDAT', deflateSync(Buffer.concat(lines)))
  return Uint8Array.from(
    Buffer.concat([signature, chunk('IHDR', header), pixels, chunk('IEND', Buffer.of())]),
  )
}
