/** A server killed during uploads, posts and deletions: afterwards it has the blobs that records and past ones reference. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cidForRaw } from '#src/protocol/cid.ts'
import { emptyHistory } from '#tests/support/blobs.ts'
import { createdAt } from '#tests/support/records.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

const collection = 'com.example.file'
const lives = 3
const lifeMs = 2_000

interface Noted {
  /** Acknowledged records that were not deleted since: CID of the blob by record key. */
  kept: Map<string, string>
  /** Records whose deletion was acknowledged. */
  deleted: Set<string>
  /** CIDs of the blobs that these referenced. */
  held: Set<string>
}

it('a server killed at any time keeps the blobs that records and past ones reference, and no others', async () => {
  await using server = await startServer({ env: { PDS_BLOB_TEMP_MAX_AGE_MS: '3000' } })
  const alice = await createTestAccount(server, 'alice')
  const noted: Noted = { kept: new Map(), deleted: new Set(), held: new Set() }
  for (let life = 0; life < lives; life++) {
    let over = false
    const writers = Array.from({ length: 4 }, async () => {
      while (!over) await writeSome(alice, noted).catch(() => {})
    })
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
    over = true
    await server.kill9()
    await Promise.all(writers)
    await server.start()
  }
  expect(noted.kept.size).toBeGreaterThan(10)
  const named = await namedBlobs(alice)
  expect(noted.held.size).toBeGreaterThan(3)
  const there = () => bytesThere(server, alice)
  await expect.poll(there).toEqual(expect.arrayContaining([...noted.held]))
  await emptyHistory(server, alice)
  await expect
    .poll(async () => (await there()).sort(), { timeout: 60_000, interval: 500 })
    .toEqual(named.sort())
  await expectGiven(alice, noted)
})

async function writeSome({ agent, did }: TestAccount, noted: Noted): Promise<void> {
  const bytes = randomBytes(20_000)
  const encoding = 'application/octet-stream'
  const { data } = await agent.com.atproto.repo.uploadBlob(bytes, { encoding })
  const chance = Math.random()
  if (chance < 0.2) return
  const record = { $type: collection, file: data.blob, createdAt }
  const made = await agent.com.atproto.repo.createRecord({ repo: did, collection, record })
  const rkey = made.data.uri.split('/').at(-1)!
  if (chance < 0.6) {
    noted.kept.set(rkey, cidForRaw(bytes))
    return
  }
  await agent.com.atproto.repo.deleteRecord({ repo: did, collection, rkey })
  noted.deleted.add(rkey)
  noted.held.add(cidForRaw(bytes))
}

/** The CIDs of the account's blobs, temporary ones included. */
async function bytesThere({ dir }: TestServer, { did }: TestAccount): Promise<string[]> {
  const folders = [join(dir, 'blobs', did), join(dir, 'blobs/tempt', did)]
  return folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
}

async function namedBlobs({ agent, did }: TestAccount): Promise<string[]> {
  const cids: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = { did, limit: 1000, ...(cursor !== undefined && { cursor }) }
    const { data } = await agent.com.atproto.sync.listBlobs(page)
    cids.push(...data.cids)
    if (data.cursor === undefined) return cids
    cursor = data.cursor
  }
}

async function expectGiven(account: TestAccount, { kept, deleted }: Noted): Promise<void> {
  const { agent, did } = account
  const named = new Set(await namedBlobs(account))
  for (const cid of kept.values()) {
    expect(named).toContain(cid)
    const { data } = await agent.com.atproto.sync.getBlob({ did, cid })
    expect(cidForRaw(data)).toBe(cid)
  }
  for (const rkey of deleted) {
    await expect(
      agent.com.atproto.repo.getRecord({ repo: did, collection, rkey }),
    ).rejects.toMatchObject({ status: 400 })
  }
  const { data } = await agent.com.atproto.repo.listMissingBlobs()
  expect(data.blobs).toEqual([])
}
