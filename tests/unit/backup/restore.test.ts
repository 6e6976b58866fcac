import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backUp } from '#src/backup/back-up.ts'
import { copyBlobs } from '#src/backup/copy-blobs.ts'
import { restore } from '#src/backup/restore.ts'
import { DataFolder, refuseUnfinishedRestore } from '#src/data-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'headwater-backup-'))
  put('server/secrets.json', '{"engineToken":"t"}')
  put('server/folder-id', 'f')
  put('server/engine/db/CURRENT', 'MANIFEST-000001\n')
  put('server/engine/db/MANIFEST-000001', 'm')
  put('server/engine/db/000002.log', 'written')
  put('server/engine/stored.json', '{"seq":5,"at":1}')
  put('server/blobs/did:plc:a/bafy1', 'one')
  put('server/blobs/tempt/did:plc:a/key', 'upload')
  put('server/blobs/quarantine/did:plc:b/bafy2', 'two')
})
afterEach(() => rmSync(root, { recursive: true }))

const at = (path: string) => join(root, path)
function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

const foldersIn = (name: string) => ({
  data: at(name),
  engine: at(`${name}/engine`),
  blobs: { location: at(`${name}/blobs`), tempLocation: undefined },
})

/** Every file below a folder with its content, without locks. */
function contentOf(name: string): Record<string, string> {
  const entries = readdirSync(at(name), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.includes('.lock'))
  return Object.fromEntries(
    files.map(({ parentPath, name: file }) => {
      const path = join(parentPath, file)
      return [path.slice(at(name).length + 1), readFileSync(path, 'utf8')]
    }),
  )
}

const now = new Date('2026-11-29T12:00:00Z')
const make = () => backUp(foldersIn('server'), at('backup'), { now })

describe('backUp', () => {
  it('a backup can be restored to the same data, in a folder for this user only', async () => {
    await make()
    await restore(at('backup'), foldersIn('new'), { isMoved: true })
    const { 'engine/stored.json': _note, ...rest } = contentOf('server')
    expect(contentOf('new')).toEqual(rest)
    for (const name of ['backup', 'new']) expect(statSync(at(name)).mode & 0o777).toBe(0o700)
  })

  it('a backup has the file with the variables if it is named', async () => {
    put('headwater.env', 'PDS_HOSTNAME=pds.example.com')
    const variables = at('headwater.env')
    await backUp(foldersIn('server'), at('with'), { variables })
    expect(contentOf('with')['headwater.env']).toBe('PDS_HOSTNAME=pds.example.com')
    expect(await restore(at('with'), foldersIn('new'))).toMatchObject({ hasVariables: true })
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
      const interrupted = restore(at('backup'), foldersIn('new'), {
        isMoved: true,
        report: (progress) => {
          if (progress.startsWith(part)) throw new Error('interrupted')
        },
      })
      await expect(interrupted).rejects.toThrow('interrupted')
      expect(() => refuseUnfinishedRestore(at('new'))).toThrow('run headwater restore again')
      put('new/blobs/did:plc:a/part', 'of the first attempt')
      await restore(at('backup'), foldersIn('new'), { isMoved: true })
      refuseUnfinishedRestore(at('new'))
      const { 'engine/stored.json': _note, ...rest } = contentOf('server')
      expect(contentOf('new')).toEqual(rest)
    },
  )

  it('a restored server is told that its store lacks what was written since the backup', async () => {
    await make()
    await restore(at('backup'), foldersIn('new'), { now })
    const stored = JSON.parse(readFileSync(at('new/engine/stored.json'), 'utf8'))
    expect(stored).toEqual({ seq: now.getTime() * 1000, at: now.getTime() })
  })

  it('a backup that was not finished is refused', async () => {
    await make()
    rmSync(at('backup/backup.json'))
    await expect(restore(at('backup'), foldersIn('new'))).rejects.toThrow('not a complete backup')
    expect(existsSync(at('new'))).toBe(false)
  })

  it('a restore into the folder of a running server is refused, and changes nothing', async () => {
    await make()
    const before = contentOf('server')
    using _running = new DataFolder(at('server')).lock(['gateway'])
    await expect(restore(at('backup'), foldersIn('server'))).rejects.toThrow(
      `Another Headwater (process ${process.pid}) already runs the gateway`,
    )
    expect(contentOf('server')).toEqual(before)
  })

  it('a restore into a folder with files is refused, and changes nothing', async () => {
    await make()
    const before = contentOf('server')
    await expect(restore(at('backup'), foldersIn('server'))).rejects.toThrow('is not empty')
    expect(contentOf('server')).toEqual(before)
    put('photos/cat.jpg', '')
    await expect(restore(at('backup'), foldersIn('photos'))).rejects.toThrow('is not empty')
    expect(readdirSync(at('photos'))).toEqual(['cat.jpg'])
  })

  it('a restore into the folder of a server that was stopped and emptied is possible', async () => {
    await make()
    new DataFolder(at('new')).lock(['engine', 'actors', 'gateway'])[Symbol.dispose]()
    await restore(at('backup'), foldersIn('new'), { isMoved: true })
    expect(contentOf('new')).toHaveProperty('secrets.json')
    using _lock = new DataFolder(at('new')).lock(['engine'])
  })
})
