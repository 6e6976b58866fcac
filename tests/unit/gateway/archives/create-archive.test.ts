import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { archiveName, blobKey, partKey } from '#src/archive/keys.ts'
import { partNames } from '#src/archive/manifest.ts'
import { findArchives } from '#src/archive/storage-archives.ts'
import { verifyArchive } from '#src/archive/verify-archive.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { insufficientStorage } from '#src/ports/disk-space.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  addAccount,
  addBlob,
  alice,
  archiveServer,
  backupKey,
  bob,
  serverKey,
  testFolder,
} from '#tests/support/archive-server.ts'
import { post } from '#tests/support/records.ts'

const collection = 'app.bsky.feed.post'
const trusted = [serverKey.did()]
const HOUR_MS = 3_600_000

async function withPosts() {
  const folder = testFolder()
  const server = archiveServer(folder)
  const account = await addAccount(server, alice)
  const image = await addBlob(account, 'a picture')
  const records: string[] = []
  for (const text of ['one', 'two', 'three']) {
    const record = { ...post(text), ...(text === 'two' && { picture: image }) }
    records.push((await createRecord(account, { collection, record, validate: false })).uri)
  }
  await account.blobs.whenReconciled()
  return { folder, server, account, image, records }
}

describe('an archive', () => {
  it('has the repo, its blobs, the preferences and the private part, and verifies offline', async () => {
    const { folder, server } = await withPosts()
    const { manifest } = await createArchive(server.ports, alice)
    expect(manifest).toMatchObject({ did: alice, handle: 'alice.test', records: 3, blobs: 1 })
    const name = { did: alice, archive: manifest.archive }
    const { storage } = folder
    expect(await verifyArchive({ storage, trusted, backupKey }, name)).toMatchObject({
      signedBy: serverKey.did(),
      isPrivateOpened: true,
    })
    // Without the key, everything else can be verified.
    expect(await verifyArchive({ storage, trusted }, name)).toMatchObject({
      isPrivateOpened: false,
    })
    const wrong = { storage, trusted, backupKey: Buffer.alloc(32, 6) }
    await expect(verifyArchive(wrong, name)).rejects.toThrow('PDS_BACKUP_KEY_HEX')
    const stranger = { storage, trusted: [newSigningKey().key.did()] }
    await expect(verifyArchive(stranger, name)).rejects.toThrow('not a key of this server')
  })

  it.each([...partNames, 'manifest.json', 'the blob'] as const)(
    'is refused if one bit of %s is flipped, wherever it is',
    async (part) => {
      const { folder, server, image } = await withPosts()
      const { manifest } = await createArchive(server.ports, alice)
      const name = { did: alice, archive: manifest.archive }
      const key =
        part === 'the blob' ? blobKey(alice, image.ref.$link) : partKey(alice, name.archive, part)
      const file = join(folder.path, key)
      const bytes = readFileSync(file)
      const step = Math.max(1, Math.floor(bytes.length / 40))
      for (let at = 0; at < bytes.length; at += step) {
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= 1 << (at % 8)
        writeFileSync(file, flipped)
        const verify = verifyArchive({ storage: folder.storage, trusted, backupKey }, name)
        await expect(verify, `bit at ${at}`).rejects.toMatchObject({ error: 'InvalidArchive' })
      }
      writeFileSync(file, bytes)
      await verifyArchive({ storage: folder.storage, trusted, backupKey }, name)
    },
  )

  it('stores each blob once for an account, and deletes it when no kept archive names it', async () => {
    const { folder, server, account, image, records } = await withPosts()
    await createArchive(server.ports, alice)
    server.clock.time += HOUR_MS
    await createRecord(account, { collection, record: post('four'), validate: false })
    await createArchive(server.ports, alice)
    const key = blobKey(alice, image.ref.$link)
    expect(folder.puts.filter((put) => put === key)).toHaveLength(1)
    // Both are of one day: the older one is not kept.
    expect((await findArchives(folder.storage, alice)).complete).toHaveLength(1)
    await deleteRecord(account, { collection, rkey: records[1]!.split('/').at(-1)! })
    server.clock.time += HOUR_MS
    const { pruned } = await createArchive(server.ports, alice)
    expect(pruned).toEqual({ archives: 1, blobs: 1 })
    expect(await folder.storage.sizeOf(key)).toBeUndefined()
  })

  it('deletes no blob while another server makes an archive of the account in the same place', async () => {
    const { folder, server } = await withPosts()
    const key = blobKey(alice, 'bafkofother')
    await folder.storage.put(key, Buffer.from('named by no manifest yet'))
    const begun = archiveName(server.clock.now(), '3kother')
    await folder.storage.put(partKey(alice, begun, 'repo.car'), Buffer.from('begun'))
    expect((await createArchive(server.ports, alice)).pruned.blobs).toBe(0)
    expect(await folder.storage.sizeOf(key)).toBeDefined()
    // It was killed.
    server.clock.time += 25 * HOUR_MS
    expect((await createArchive(server.ports, alice)).pruned.blobs).toBe(1)
  })

  it('is of one moment, although the account goes on writing', async () => {
    const { folder, server, account } = await withPosts()
    const put = folder.storage.put
    let isFirst = true
    folder.storage.put = async (key, source) => {
      if (isFirst) {
        isFirst = false
        await createRecord(account, { collection, record: post('later'), validate: false })
      }
      return put(key, source)
    }
    const { manifest } = await createArchive(server.ports, alice)
    expect(manifest.records).toBe(3)
    await verifyArchive(
      { storage: folder.storage, trusted },
      { did: alice, archive: manifest.archive },
    )
  })

  it('lists a blob whose bytes are gone as missing', async () => {
    const { server, account, image } = await withPosts()
    await account.blobs.storage.delete(alice, [image.ref.$link])
    const { manifest } = await createArchive(server.ports, alice)
    expect(manifest).toMatchObject({ blobs: 0, missingBlobs: 1 })
  })

  it('lists a blob that was taken down as missing, also if an earlier archive has it', async () => {
    const { server, account, image } = await withPosts()
    await createArchive(server.ports, alice)
    await setBlobTakedown(account, { cid: image.ref.$link, ref: 'case 1' })
    await createRecord(account, { collection, record: post('four'), validate: false })
    server.clock.time += HOUR_MS
    const { manifest } = await createArchive(server.ports, alice)
    expect(manifest).toMatchObject({ blobs: 0, missingBlobs: 1 })
  })

  it('is none if the storage is full, which is an error of the account', async () => {
    const { folder, server } = await withPosts()
    const put = folder.storage.put
    folder.storage.put = async (key, source) => {
      if (key.endsWith('preferences.json')) throw insufficientStorage()
      return put(key, source)
    }
    await expect(createArchive(server.ports, alice)).rejects.toMatchObject({ status: 507 })
    expect((await findArchives(folder.storage, alice)).complete).toEqual([])
    const { archives } = server.ports.dispatch.directory
    expect(await archives.summarize()).toMatchObject({ failed: 1 })
    folder.storage.put = put
    await createArchive(server.ports, alice)
    expect(await archives.summarize()).toMatchObject({ failed: 0 })
  })

  it('is made by one process at a time', async () => {
    const { folder, server } = await withPosts()
    const put = folder.storage.put
    let second: Promise<unknown> | undefined
    folder.storage.put = async (key, source) => {
      second ??= createArchive(server.ports, alice)
      await second.catch(() => {})
      return put(key, source)
    }
    await createArchive(server.ports, alice)
    await expect(second).rejects.toMatchObject({ status: 503, error: 'ArchiveInProgress' })
  })

  it('of another server in the same place is not counted among those that are kept', async () => {
    const { folder, server } = await withPosts()
    const other = archiveServer(folder, { clock: server.clock })
    await addAccount(other, alice)
    const ports = { ...other.ports, serviceDid: 'did:web:other.example' }
    const { manifest: theirs } = await createArchive(ports, alice)
    server.clock.time += HOUR_MS
    const { manifest: own } = await createArchive(server.ports, alice)
    server.clock.time += HOUR_MS
    const { manifest: latest, pruned } = await createArchive(server.ports, alice)
    // The first of two on one day; theirs is of that day too, and older.
    expect(pruned.archives).toBe(1)
    const { complete } = await findArchives(folder.storage, alice)
    expect(complete).toEqual([latest.archive, theirs.archive])
    expect(complete).not.toContain(own.archive)
  })

  it('of one account is not taken for that of another', async () => {
    const { folder, server } = await withPosts()
    const { manifest } = await createArchive(server.ports, alice)
    for (const part of [...partNames, 'manifest.json'] as const) {
      const found = await folder.storage.get(partKey(alice, manifest.archive, part))
      await folder.storage.put(partKey(bob, manifest.archive, part), found!.bytes)
    }
    const verify = verifyArchive(
      { storage: folder.storage, trusted },
      { did: bob, archive: manifest.archive },
    )
    await expect(verify).rejects.toThrow(`of ${alice}`)
  })
})
