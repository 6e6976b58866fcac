import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { folderStorage } from '#src/ports/archive-storage-folder.ts'
import { archiveStorageContract } from '#tests/support/archive-storage-contract.ts'

const dir = mkdtempSync(join(tmpdir(), 'headwater-archives-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('in a folder', () => {
  const storage = folderStorage(join(dir, 'one'))
  archiveStorageContract(() => storage)
})

it('a disk that fills up while an object is written is 507, and nothing is left', async () => {
  const path = join(dir, 'full')
  let free = 1_000
  const storage = folderStorage(path, { reserveBytes: 500, freeBytes: () => free })
  async function* source() {
    yield Buffer.alloc(9_000_000)
    free = 400
    yield Buffer.alloc(9_000_000)
  }
  await expect(storage.put('a/b', source())).rejects.toMatchObject({
    status: 507,
    error: 'InsufficientStorage',
  })
  expect(await storage.sizeOf('a/b')).toBeUndefined()
  expect(readdirSync(join(path, '.drafts'))).toEqual([])
})
