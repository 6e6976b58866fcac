import { appendFileSync, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { backUp } from '#src/backup/back-up.ts'
import { backupsIn } from '#src/backup/folder-backups.ts'
import { pruneFolder } from '#src/backup/prune.ts'
import { BackupFixture } from '#tests/support/backup-fixture.ts'

let fixture: BackupFixture
beforeEach(() => {
  fixture = new BackupFixture()
})
afterEach(() => fixture[Symbol.dispose]())

const make = (name: string, day: string, options: { since?: string } = {}) =>
  backUp(fixture.foldersIn('server'), fixture.at(`backups/${name}`), {
    now: new Date(`${day}T03:00:00Z`),
    ...options,
  })
const inodeOf = (path: string) => statSync(fixture.at(path)).ino

/** As if the server were on another disk than its backups: the same content, and nothing to link to. */
function moveToOtherDisk(): void {
  for (const path of Object.keys(fixture.contentOf('server'))) {
    copyFileSync(fixture.at(`server/${path}`), fixture.at('copied'))
    rmSync(fixture.at(`server/${path}`))
    copyFileSync(fixture.at('copied'), fixture.at(`server/${path}`))
  }
}

it('a backup shares tables and blobs with the newest one beside it, on another disk than the server too', async () => {
  await make('a', '2026-11-28')
  await make('b', '2026-11-29')
  moveToOtherDisk()
  fixture.put('server/blobs/did:plc:c/bafy3', 'three')
  await make('c', '2026-11-30')
  for (const path of ['engine/db/000007.sst', 'blobs/did:plc:a/bafy1']) {
    expect(inodeOf(`backups/c/${path}`), path).toBe(inodeOf(`backups/b/${path}`))
    expect(inodeOf(`backups/c/${path}`), path).not.toBe(inodeOf(`server/${path}`))
  }
  expect(inodeOf('backups/c/engine/db/CURRENT')).not.toBe(inodeOf('backups/b/engine/db/CURRENT'))
  await fixture.restore('backups/c', 'new', { isMoved: true })
  expect(fixture.contentOf('new')).toEqual(fixture.data)
})

it('a table with the name and the size of an earlier one is not taken for it', async () => {
  await make('a', '2026-11-29')
  rmSync(fixture.at('server/engine/db/000007.sst'))
  fixture.putTable('server/engine/db/000007.sst', 'SEVEN', 's2')
  await make('b', '2026-11-30', { since: fixture.at('backups/a') })
  await fixture.restore('backups/b', 'new', { isMoved: true })
  expect(fixture.contentOf('new')).toEqual(fixture.data)
})

it('an upload that goes on does not reach into the backup', async () => {
  await make('a', '2026-11-29')
  const { data } = fixture
  appendFileSync(fixture.at('server/blobs/tempt/did:plc:a/key'), ' goes on')
  await fixture.restore('backups', 'new', { isMoved: true })
  expect(fixture.contentOf('new')).toEqual(data)
})

it.each([
  'engine/db/000007.sst',
  'engine/db/MANIFEST-000001',
  'blobs/did:plc:a/bafy1',
  'secrets.json',
])('a changed %s is refused by its name', async (path) => {
  await make('a', '2026-11-29')
  rmSync(fixture.at(`backups/a/${path}`))
  fixture.put(`backups/a/${path}`, 'other')
  await expect(fixture.restore('backups/a', 'new')).rejects.toThrow(`${path} is damaged`)
})

it('a bit that is flipped in any file of a backup is noticed by the restore', async () => {
  await make('a', '2026-11-29')
  for (const [path, content] of Object.entries(fixture.contentOf('backups/a'))) {
    const flipped = Buffer.from(content, 'latin1')
    const at = Math.floor(flipped.length / 2)
    flipped[at] = flipped[at]! ^ 1
    rmSync(fixture.at(`backups/a/${path}`))
    writeFileSync(fixture.at(`backups/a/${path}`), flipped)
    await expect(fixture.restore('backups/a', `new ${path}`), path).rejects.toThrow()
    writeFileSync(fixture.at(`backups/a/${path}`), Buffer.from(content, 'latin1'))
  }
  await fixture.restore('backups/a', 'new', { isMoved: true })
  expect(fixture.contentOf('new')).toEqual(fixture.data)
})

it('old backups of this server are deleted, and what the others share with them stays', async () => {
  await make('a', '2026-11-27')
  await make('b', '2026-11-28')
  fixture.put('server/folder-id', 'other')
  await make('of-another', '2026-11-26')
  fixture.put('server/folder-id', 'f')
  mkdirSync(fixture.at('backups/unfinished'))
  await make('c', '2026-11-29')
  expect(
    await pruneFolder(fixture.at('backups'), 'f', { daily: 2, weekly: 0, monthly: 0 }),
  ).toEqual(['a'])
  const names = (await backupsIn(fixture.at('backups'))).map(({ name }) => name)
  expect(names).toEqual(['of-another', 'b', 'c'])
  await fixture.restore('backups/c', 'new', { isMoved: true })
  expect(fixture.contentOf('new')).toEqual(fixture.data)
})

it('only a complete backup can be shared with', async () => {
  await make('a', '2026-11-29')
  rmSync(fixture.at('backups/a/backup.json'))
  const since = fixture.at('backups/a')
  await expect(make('b', '2026-11-30', { since })).rejects.toThrow('not a complete backup')
  await make('b', '2026-11-30')
})
