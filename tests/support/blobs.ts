/** Uploads of blobs, records that reference them, and the files that the server keeps. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BlobRef } from '@atproto/api'
import { createdAt } from '#tests/support/records.ts'
import type { TestAccount, TestServer } from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

/** The shortest valid start of a PNG, followed by any bytes. */
export function png(...more: number[]): Uint8Array {
  return Uint8Array.of(...Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex'), ...more)
}

export async function upload(by: TestAccount, bytes: Uint8Array, encoding = 'image/png') {
  const { data } = await by.agent.com.atproto.repo.uploadBlob(bytes, { encoding })
  return data.blob
}

export function postWithImage(blob: BlobRef, text = 'look') {
  const images = [{ image: blob, alt: 'a picture' }]
  return { text, createdAt, embed: { $type: 'app.bsky.embed.images', images } }
}

export function getBlob({ url }: TestServer, { did }: TestAccount, cid: string): Promise<Response> {
  return fetch(`${url}/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`)
}

/** Deletes the account's history, and with it the blobs of deleted records. */
export async function emptyHistory(server: { url: string }, as: TestAccount): Promise<void> {
  const path = '/xrpc/dev.headwater.history.empty'
  const { status } = await call(server, path, { as, body: { account: as.did } })
  if (status !== 200) throw new Error(`${status}`)
}

/** File names of the account's temporary blobs in the data folder. */
export function pendingUploads({ dir }: TestServer, { did }: TestAccount): string[] {
  const folder = join(dir, 'blobs/tempt', did)
  return existsSync(folder) ? readdirSync(folder) : []
}
