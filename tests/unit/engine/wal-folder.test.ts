import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WalFolder } from '#src/engine/wal-folder.ts'

let parent: string
let path: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'headwater-wal-'))
  path = join(parent, 'db')
  fs.mkdirSync(path)
})
afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
  rmSync(parent, { recursive: true })
})

const nameOf = (fd: number) => basename(fs.readlinkSync(`/proc/self/fd/${fd}`).split(' ')[0]!)
const write = (name: string) => writeFileSync(join(path, name), 'content')

/** The names of what is synced from now on, in order. */
function recordSyncs(): string[] {
  const synced: string[] = []
  for (const call of ['fdatasyncSync', 'fsyncSync'] as const) {
    const real = fs[call].bind(fs)
    vi.spyOn(fs, call).mockImplementation((fd) => {
      synced.push(nameOf(fd))
      real(fd)
    })
  }
  syncBuiltinESMExports()
  return synced
}

/** What one call of `sync` syncs. */
function syncOnce(folder: WalFolder, synced: string[]): string[] {
  synced.length = 0
  folder.sync()
  return [...synced]
}

it("the folder's own name is synced, then its log files in the order of their numbers, and their names", () => {
  for (const name of ['1000001.log', '999999.log', 'LOG', '000007.sst', 'MANIFEST-000005']) {
    write(name)
  }
  const synced = recordSyncs()
  const folder = new WalFolder(path)
  expect(synced).toEqual([basename(parent)])
  expect(syncOnce(folder, synced)).toEqual(['999999.log', '1000001.log', 'db'])
  folder.close()
})

it('only the newest file is synced again, and a new one together with the one before it', () => {
  write('000008.log')
  const synced = recordSyncs()
  const folder = new WalFolder(path)
  expect(syncOnce(folder, synced)).toEqual(['000008.log', 'db'])
  expect(syncOnce(folder, synced)).toEqual(['000008.log'])
  write('000013.log')
  expect(syncOnce(folder, synced)).toEqual(['000008.log', '000013.log', 'db'])
  expect(syncOnce(folder, synced)).toEqual(['000013.log'])
  folder.close()
})

/** The names of what is closed from now on, in order. */
function recordCloses(): string[] {
  const closed: string[] = []
  const close = fs.closeSync.bind(fs)
  vi.spyOn(fs, 'closeSync').mockImplementation((fd) => {
    closed.push(nameOf(fd))
    close(fd)
  })
  return closed
}

it('files that RocksDB has deleted are closed, also if that happens while the folder is read', () => {
  write('000008.log')
  const folder = new WalFolder(path)
  folder.sync()
  const closed = recordCloses()
  rmSync(join(path, '000008.log'))
  write('000013.log')
  const read = fs.readdirSync.bind(fs) as (path: string) => string[]
  vi.spyOn(fs, 'readdirSync').mockImplementation(
    (path) => [...read(String(path)), '000012.log'] as never,
  )
  folder.sync()
  expect(closed).toEqual(['000008.log'])
  const synced = recordSyncs()
  expect(syncOnce(folder, synced)).toEqual(['000013.log'])
  folder.close()
})

it('close closes all files and the folder', () => {
  write('000008.log')
  write('000013.log')
  const folder = new WalFolder(path)
  folder.sync()
  const closed = recordCloses()
  folder.close()
  expect(closed).toEqual(['000008.log', '000013.log', 'db'])
})

it('a log file that cannot be opened is an error, unless it is gone', () => {
  fs.symlinkSync('000008.log', join(path, '000008.log'))
  const folder = new WalFolder(path)
  expect(() => folder.sync()).toThrow('ELOOP')
  folder.close()
})

it('an error of the disk is thrown', () => {
  write('000008.log')
  const folder = new WalFolder(path)
  vi.spyOn(fs, 'fdatasyncSync').mockImplementation(() => {
    throw new Error('EIO: i/o error, fdatasync')
  })
  expect(() => folder.sync()).toThrow('EIO')
  folder.close()
})
