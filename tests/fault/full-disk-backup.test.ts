/** Backups and restores on disks that are full: nothing half is taken for a backup, and the next attempt succeeds. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolder } from '#src/backup/backup-source.ts'
import { restore } from '#src/backup/restore.ts'
import { refuseUnfinishedRestore } from '#src/data-folder.ts'
import { BackupFixture } from '#tests/support/backup-fixture.ts'
import { headwater } from '#tests/support/command-line.ts'
import { MB, smallDisk } from '#tests/support/small-disk.ts'

const disk = smallDisk(6)
afterAll(() => disk[Symbol.dispose]())

let fixture: BackupFixture
/** Of the server, of which 4 MB are blobs. */
let data: string
beforeEach(() => {
  fixture = new BackupFixture()
  data = fixture.at('server')
  for (let n = 0; n < 4; n++) {
    fixture.put(`server/blobs/did:plc:a/bafy${n + 5}`, randomBytes(MB / 2).toString('hex'))
  }
})
afterEach(() => {
  fixture[Symbol.dispose]()
  for (const name of readdirSync(disk.path)) {
    rmSync(join(disk.path, name), { recursive: true })
  }
})

/** Without what the command line notes there. */
function contentOf(name: string): Record<string, string> {
  const { 'last-backup.json': _, 'engine/stored.json': __, ...content } = fixture.contentOf(name)
  return content
}
const run = (args: string[], folder = data) => headwater(args, { PDS_DATA_DIRECTORY: folder })
const listed = async (folder: string) => (await run(['backup', 'list', folder, '--json'])).json()

describe.runIf(disk.isMounted)('on a full disk', () => {
  it('a backup fails and keeps nothing, and succeeds when there is room', async () => {
    const backups = join(disk.path, 'backups')
    const makeRoom = disk.fill(3 * MB)
    const failed = await run(['backup', join(backups, 'a')])
    expect(failed).toMatchObject({ code: 1, out: '' })
    expect(failed.err).toContain(`the disk of ${join(backups, 'a')} is full`)
    expect(existsSync(join(backups, 'a'))).toBe(false)
    expect(await listed(backups)).toEqual([])
    makeRoom()
    expect(await run(['backup', join(backups, 'a')])).toMatchObject({ code: 0, err: '' })
    expect(await listed(backups)).toMatchObject([{ id: 'a' }])
  })

  it('the next backup fails, and the one before can still be restored', async () => {
    const backups = join(disk.path, 'backups')
    await run(['backup', join(backups, 'a')])
    const content = contentOf('server')
    fixture.put('server/blobs/did:plc:a/bafy9', randomBytes(MB).toString('hex'))
    expect(await run(['backup', join(backups, 'b')])).toMatchObject({ code: 1 })
    expect(await listed(backups)).toMatchObject([{ id: 'a' }])
    const into = fixture.at('new')
    expect(await run(['restore', backups, '--moved'], into)).toMatchObject({ code: 0 })
    expect(contentOf('new')).toEqual(content)
  })

  it('a server whose own disk is full is backed up to another one', async () => {
    const small = join(disk.path, 'server')
    await run(['backup', fixture.at('first')])
    using source = await openFolder(fixture.at('first'))
    await restore(source, foldersIn(small), { isMoved: true, freeBytes: () => undefined })
    disk.fill(0)
    const made = await run(['backup', fixture.at('second')], small)
    expect([made.code, made.err]).toEqual([0, expect.anything()])
    expect(made.err).toMatch(/^(headwater: the server was not told of this backup: ENOSPC.*\n)?$/)
    const into = fixture.at('new')
    expect(await run(['restore', fixture.at('second'), '--moved'], into)).toMatchObject({ code: 0 })
    expect(contentOf('new')).toEqual(contentOf('server'))
  })

  it('a restore into too small a folder is refused before it writes', async () => {
    await run(['backup', fixture.at('first')])
    const small = join(disk.path, 'server')
    const refused = await run(['restore', fixture.at('first')], small)
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('nothing was written')
    expect(() => refuseUnfinishedRestore(small)).not.toThrow()
  })

  it('a restore during which the disk fills up keeps a server from starting, and goes on when there is room', async () => {
    await run(['backup', fixture.at('first')])
    using source = await openFolder(fixture.at('first'))
    const small = join(disk.path, 'server')
    const makeRoom = disk.fill(3 * MB)
    const attempt = () =>
      restore(source, foldersIn(small), { isMoved: true, freeBytes: () => undefined })
    await expect(attempt()).rejects.toThrow('the disk is full: make room')
    expect(() => refuseUnfinishedRestore(small)).toThrow('was interrupted')
    await expect(attempt()).rejects.toThrow('the disk is full: make room')
    makeRoom()
    await attempt()
    expect(() => refuseUnfinishedRestore(small)).not.toThrow()
    const again = await run(['backup', fixture.at('second')], small)
    expect(again.code).toBe(0)
    using copied = await openFolder(fixture.at('second'))
    await restore(copied, fixture.foldersIn('new'), { isMoved: true })
    expect(contentOf('new')).toEqual(contentOf('server'))
  })
})

function foldersIn(folder: string) {
  const blobs = { location: join(folder, 'blobs'), tempLocation: undefined }
  return { data: folder, engine: join(folder, 'engine'), blobs }
}
