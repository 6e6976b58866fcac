import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backUp } from '#src/backup/back-up.ts'
import { copyBlobs } from '#src/backup/copy-blobs.ts'
import type { RestoreOptions } from '#src/backup/restore.ts'
import { DataFolder, refuseUnfinishedRestore } from '#src/data-folder.ts'
import { BackupFixture } from '#tests/support/backup-fixture.ts'

let fixture: BackupFixture
beforeEach(() => {
  fixture = new BackupFixture()
})
afterEach(() => fixture[Symbol.dispose]())

const at = (path: string) => fixture.at(path)
const put = (path: string, text: string) => fixture.put(path, text)
const foldersIn = (name: string) => fixture.foldersIn(name)
const contentOf = (name: string) => fixture.contentOf(name)
const restoreTo = (name: string, options?: RestoreOptions) =>
  fixture.restore('backup', name, options)

const now = new Date('2026-11-29T12:00:00Z')
const make = () => backUp(foldersIn('server'), at('backup'), { now })

describe('backUp', () => {
  it('a backup can be restored to the same data, in a folder for this user only', async () => {
    await make()
    await restoreTo('new', { isMoved: true })
    expect(contentOf('new')).toEqual(fixture.data)
    for (const name of ['backup', 'new']) expect(statSync(at(name)).mode & 0o777).toBe(0o700)
  })

  it('a backup has the file with the variables if it is named', async () => {
    put('headwater.env', 'PDS_HOSTNAME=pds.example.com')
    const variables = at('headwater.env')
    await backUp(foldersIn('server'), at('with'), { variables })
    expect(contentOf('with')['headwater.env']).toBe('PDS_HOSTNAME=pds.example.com')
    expect(await fixture.restore('with', 'new')).toMatchObject({ hasVariables: true })
  })

  it('a backup is not written into a folder with files, nor of a folder without a store', async () => {
    put('used/file', '')
    await expect(backUp(foldersIn('server'), at('used'))).rejects.toThrow('is not empty')
    await expect(backUp(foldersIn('used'), at('backup'))).rejects.toThrow('no data of a server')
    expect(existsSync(at('backup'))).toBe(false)
  })

  it('a backup keeps blobs that are deleted during it, and has those that came', async () => {
    let isFirst = true
    await backUp(foldersIn('server'), at('backup'), {
      report(progress) {
        if (!isFirst || !progress.startsWith('store')) return
        isFirst = false
        rmSync(at('server/blobs/did:plc:a/bafy1'))
        put('server/blobs/did:plc:c/bafy3', 'three')
      },
    })
    expect(contentOf('backup')).toMatchObject({
      'blobs/did:plc:a/bafy1': 'one',
      'blobs/did:plc:c/bafy3': 'three',
    })
  })
})

describe('copyBlobs', () => {
  it('uploads in a folder of their own are copied from there, and to there', async () => {
    put('elsewhere/did:plc:a/key2', 'upload 2')
    const from = { location: at('server/blobs'), tempLocation: at('elsewhere') }
    await copyBlobs(from, { location: at('copy'), tempLocation: undefined })
    expect(contentOf('copy')).toMatchObject({ 'tempt/did:plc:a/key2': 'upload 2' })
    const to = { location: at('back'), tempLocation: at('uploads') }
    await copyBlobs({ location: at('copy'), tempLocation: undefined }, to)
    expect(contentOf('uploads')).toEqual({ 'did:plc:a/key2': 'upload 2' })
    expect(contentOf('back')).not.toHaveProperty('tempt/did:plc:a/key2')
  })
})

describe('restore', () => {
  it.each(['blobs', 'store'])(
    'after a restore that was interrupted at its %s no server starts, and another restore is complete',
    async (part) => {
      await make()
      const interrupted = restoreTo('new', {
        isMoved: true,
        report: (progress) => {
          if (progress.startsWith(part)) throw new Error('interrupted')
        },
      })
      await expect(interrupted).rejects.toThrow('interrupted')
      expect(() => refuseUnfinishedRestore(at('new'))).toThrow('run headwater restore again')
      put('new/blobs/did:plc:a/part', 'of the first attempt')
      await restoreTo('new', { isMoved: true })
      refuseUnfinishedRestore(at('new'))
      expect(contentOf('new')).toEqual(fixture.data)
    },
  )

  it('a restored server is told that its store lacks what was written since the backup', async () => {
    await make()
    await restoreTo('new', { now })
    const stored = JSON.parse(readFileSync(at('new/engine/stored.json'), 'utf8'))
    expect(stored).toEqual({ seq: now.getTime() * 1000, at: now.getTime() })
  })

  it('a backup that was not finished is refused', async () => {
    await make()
    rmSync(at('backup/backup.json'))
    await expect(restoreTo('new')).rejects.toThrow('not a complete backup')
    expect(existsSync(at('new'))).toBe(false)
  })

  it('a restore into the folder of a running server is refused, and changes nothing', async () => {
    await make()
    const before = contentOf('server')
    using _running = new DataFolder(at('server')).lock(['gateway'])
    await expect(restoreTo('server')).rejects.toThrow(
      `Another Headwater (process ${process.pid}) already runs the gateway`,
    )
    expect(contentOf('server')).toEqual(before)
  })

  it('a restore into a folder with files is refused, and changes nothing', async () => {
    await make()
    const before = contentOf('server')
    await expect(restoreTo('server')).rejects.toThrow('is not empty')
    expect(contentOf('server')).toEqual(before)
    put('photos/cat.jpg', '')
    await expect(restoreTo('photos')).rejects.toThrow('is not empty')
    expect(readdirSync(at('photos'))).toEqual(['cat.jpg'])
  })

  it('a restore into the folder of a server that was stopped and emptied is possible', async () => {
    await make()
    new DataFolder(at('new')).lock(['engine', 'actors', 'gateway'])[Symbol.dispose]()
    await restoreTo('new', { isMoved: true })
    expect(contentOf('new')).toHaveProperty('secrets.json')
    using _lock = new DataFolder(at('new')).lock(['engine'])
  })
})
