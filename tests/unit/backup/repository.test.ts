import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backUpTo } from '#src/backup/back-up-to-repository.ts'
import { openStored } from '#src/backup/backup-source.ts'
import { BackupRepository } from '#src/backup/repository.ts'
import { type RestoreOptions, restore } from '#src/backup/restore.ts'
import { refuseUnfinishedRestore } from '#src/data-folder.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { folderStorage } from '#src/ports/archive-storage-folder.ts'
import { BackupFixture } from '#tests/support/backup-fixture.ts'

const key = randomBytes(32)
const keys = [
  ['encrypted', key],
  ['not encrypted', undefined],
] as const
const DAY_MS = 24 * 60 * 60 * 1000

let fixture: BackupFixture
let stored: string[]
let now: Date
beforeEach(() => {
  fixture = new BackupFixture()
  stored = []
  now = new Date('2026-11-29T12:00:00Z')
})
afterEach(() => fixture[Symbol.dispose]())

/** Notes what is stored. `failAt`: the number of the object whose storing fails. */
function storage(failAt = Number.POSITIVE_INFINITY): ArchiveStorage {
  const inner = folderStorage(fixture.at('bucket'))
  return {
    ...inner,
    async put(name, source) {
      if (name.startsWith('objects/') && stored.push(name) === failAt) throw new Error('gone')
      await inner.put(name, source)
    },
  }
}
const repository = (options: { key?: Buffer | undefined; failAt?: number } = {}) =>
  new BackupRepository(storage(options.failAt), 'key' in options ? options.key : key)

type Options = Parameters<typeof backUpTo>[2]
const make = (into = repository(), options: Options = {}) =>
  backUpTo(into, fixture.foldersIn('server'), { now, ...options })
const nextDay = () => {
  now = new Date(now.getTime() + DAY_MS)
}

async function restoreTo(
  name: string,
  {
    from = repository(),
    id,
    ...options
  }: RestoreOptions & { from?: BackupRepository; id?: string } = {},
) {
  using source = await openStored(from, id)
  return await restore(source, fixture.foldersIn(name), { isMoved: true, ...options })
}

describe('a backup in a repository', () => {
  it.each(keys)('can be restored to the same data, %s', async (_, key) => {
    await make(repository({ key }))
    await restoreTo('new', { from: repository({ key }) })
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })

  it('stores only what is new: tables and blobs once, logs and manifest again', async () => {
    await make()
    stored = []
    nextDay()
    fixture.putTable('server/engine/db/000009.sst', 'nine')
    fixture.put('server/engine/db/000002.log', 'written more')
    fixture.put('server/blobs/did:plc:c/bafy3', 'three')
    expect(await make()).toMatchObject({ uploadedFiles: 3 })
    expect(stored).toHaveLength(3)
    await restoreTo('new')
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })

  it('does not take a table for another one that had its name and its size', async () => {
    await make()
    nextDay()
    fixture.putTable('server/engine/db/000007.sst', 'SEVEN', 's2')
    await make()
    await restoreTo('new')
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })

  it('continues after an interruption, and is no backup until then', async () => {
    await expect(make(repository({ failAt: 4 }))).rejects.toThrow('gone')
    expect(await repository().ids()).toEqual([])
    await expect(restoreTo('new')).rejects.toThrow('has no complete backup')
    const before = stored.length
    await make()
    const names = new Set(stored)
    expect(stored.length).toBe(names.size + 1)
    expect(stored.length - before).toBeLessThan(names.size)
    await restoreTo('new')
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })

  it('stores an object again that the repository has lost', async () => {
    await make()
    const [lost] = Object.keys(fixture.contentOf('bucket/objects'))
    rmSync(fixture.at(`bucket/objects/${lost}`))
    await expect(restoreTo('broken')).rejects.toThrow('is missing in')
    nextDay()
    expect(await make()).toMatchObject({ uploadedFiles: 1 })
    await restoreTo('new')
  })

  it('shows neither what it has nor, by names, whether it has a file that is known', async () => {
    fixture.put('headwater.env', 'PDS_HOSTNAME=pds.example.com')
    await make(repository(), { variables: fixture.at('headwater.env') })
    const plain = repository({ key: undefined })
    const hidden = ['written', 'engineToken', 'did:plc:a', 'PDS_HOSTNAME']
    for (const [name, content] of Object.entries(fixture.contentOf('bucket'))) {
      for (const text of hidden) expect(`${name} ${content}`).not.toContain(text)
    }
    const { sha256 } = (await openStored(repository())).files.get('secrets.json')!
    expect(await plain.storage.sizeOf(plain.keyOf(sha256!))).toBeUndefined()
    await expect(restoreTo('new', { from: plain })).rejects.toThrow('set PDS_BACKUP_KEY_HEX')
    const other = repository({ key: randomBytes(32) })
    await expect(restoreTo('new', { from: other })).rejects.toThrow('another PDS_BACKUP_KEY_HEX')
    await expect(make(other)).rejects.toThrow('cannot be read, use another prefix')
  })

  it('does not take the variables along unencrypted', async () => {
    fixture.put('headwater.env', 'PDS_HOSTNAME=pds.example.com')
    const variables = fixture.at('headwater.env')
    const plain = repository({ key: undefined })
    await expect(make(plain, { variables })).rejects.toThrow('set PDS_BACKUP_KEY_HEX')
    expect(stored).toEqual([])
    await make(repository(), { variables })
    await restoreTo('new')
    expect(fixture.contentOf('new')).toHaveProperty('headwater.env')
  })

  it('is not mixed with those of another server', async () => {
    await make()
    fixture.put('server/folder-id', 'other')
    await expect(make()).rejects.toThrow('the backups of another server')
  })
})

describe('restore', () => {
  it.each(keys)('refuses a bit that is flipped anywhere, %s', async (_, key) => {
    await make(repository({ key }))
    const names = Object.keys(fixture.contentOf('bucket'))
    for (const [i, name] of names.entries()) {
      const path = fixture.at(`bucket/${name}`)
      const content = readFileSync(path)
      const changed = Buffer.from(content)
      changed[Math.floor(content.length / 2)]! ^= 1
      writeFileSync(path, changed)
      await expect(restoreTo(`new${i}`, { from: repository({ key }) }), name).rejects.toThrow(
        /(damaged|is not a complete)/,
      )
      writeFileSync(path, content)
    }
    expect(names.length).toBeGreaterThan(8)
  })

  it('names the file that is damaged', async () => {
    const plain = repository({ key: undefined })
    await make(plain)
    const { sha256 } = (await openStored(plain)).files.get('engine/db/000007.sst')!
    writeFileSync(fixture.at(`bucket/${plain.keyOf(sha256!)}`), 'other')
    await expect(restoreTo('new', { from: plain })).rejects.toThrow(
      'engine/db/000007.sst is damaged in the backup',
    )
    expect(fixture.contentOf('new')).not.toHaveProperty('engine/db/000007.sst')
    expect(() => refuseUnfinishedRestore(fixture.at('new'))).toThrow('run headwater restore again')
  })

  it('goes on after an interruption with what was not there yet', async () => {
    await make()
    const read: string[] = []
    const counting = new BackupRepository(
      {
        ...storage(),
        async get(name) {
          if (name.startsWith('objects/') && read.push(name) === 5) throw new Error('gone')
          return folderStorage(fixture.at('bucket')).get(name)
        },
      },
      key,
    )
    await expect(restoreTo('new', { from: counting })).rejects.toThrow('gone')
    fixture.put('new/engine/db.part/other', 'of nobody')
    await restoreTo('new', { from: counting })
    expect(fixture.contentOf('new')).toEqual(fixture.data)
    expect(read.length).toBeLessThan(Object.keys(fixture.data).length + 6)
    refuseUnfinishedRestore(fixture.at('new'))
  })

  it('of another backup begins anew', async () => {
    const first = await make()
    nextDay()
    fixture.put('server/engine/db/000002.log', 'written more')
    await make()
    const report = (progress: string) => {
      if (progress.startsWith('store')) throw new Error('interrupted')
    }
    await expect(restoreTo('new', { report })).rejects.toThrow('interrupted')
    await restoreTo('new', { id: first.id })
    expect(fixture.contentOf('new')['engine/db/000002.log']).toBe('written')
  })

  it('begins only if the disk has room', async () => {
    await make()
    await expect(restoreTo('new', { freeBytes: () => 1_000 })).rejects.toThrow(
      'nothing was written',
    )
    expect(fixture.contentOf('new')).toEqual({})
    await restoreTo('new')
  })

  it('says what to do if the disk fills up, and then goes on', async () => {
    await make()
    let isFull = true
    const report = () => {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    await expect(restoreTo('new', { report })).rejects.toThrow('run the command again')
    isFull = false
    await restoreTo('new', { report })
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })
})

describe('retention', () => {
  const keep = { daily: 2, weekly: 0, monthly: 0 }

  it('deletes old backups with what only they have, and what an interrupted one has left', async () => {
    for (const n of [1, 2, 3]) {
      fixture.put('server/engine/db/000002.log', `written ${n}`)
      await make()
      nextDay()
    }
    fixture.put('server/blobs/did:plc:a/bafy9', 'of the interrupted one')
    fixture.put('server/engine/db/000002.log', 'written 4')
    await expect(make(repository({ failAt: stored.length + 2 }))).rejects.toThrow('gone')
    rmSync(fixture.at('server/blobs/did:plc:a/bafy9'))
    const { deleted, id } = await make(repository(), { keep })
    expect(deleted).toEqual(['2026-11-29T12-00-00Z', '2026-11-30T12-00-00Z'])
    const ids = await repository().ids()
    expect(ids).toEqual(['2026-12-01T12-00-00Z', id])
    const objects = Object.keys(fixture.contentOf('bucket/objects'))
    // One log of each; the rest is shared.
    expect(objects).toHaveLength(Object.keys(fixture.data).length + 1)
    for (const [i, id] of ids.entries()) await restoreTo(`new${i}`, { id })
    expect(fixture.contentOf('new0')['engine/db/000002.log']).toBe('written 3')
    expect(fixture.contentOf('new1')).toEqual(fixture.data)
  })

  it('collects nothing if a kept backup cannot be read', async () => {
    await make()
    nextDay()
    const { id } = await make()
    writeFileSync(fixture.at(`bucket/backups/${id}/files.jsonl`), 'damaged')
    fixture.put('server/engine/db/000002.log', 'written more')
    const before = Object.keys(fixture.contentOf('bucket/objects'))
    // A damaged backup does not prevent new ones.
    nextDay()
    expect((await make(repository(), { keep })).notDeleted).toContain(`backup ${id} cannot be read`)
    expect(Object.keys(fixture.contentOf('bucket/objects'))).toEqual(expect.arrayContaining(before))
    await restoreTo('new')
    expect(fixture.contentOf('new')).toEqual(fixture.data)
  })
})
