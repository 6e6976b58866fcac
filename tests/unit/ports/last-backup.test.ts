import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { noteBackup, noteFailedBackup, readLastBackup } from '#src/ports/last-backup.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-last-backup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const first = { at: '2026-11-20T00:00:00.000Z', to: '/backups/1', bytes: 5 }
const failed = { at: '2026-11-21T00:00:00.000Z', to: '/backups/2', error: 'no space' }

it('the last backup is noted, in a file of the owner of the folder', async () => {
  expect(await readLastBackup(folder)).toBeUndefined()
  await noteBackup(folder, first)
  expect(await readLastBackup(folder)).toEqual({ ...first, ok: true, complete: first })
  expect(readdirSync(folder)).toEqual(['last-backup.json'])
  const file = statSync(join(folder, 'last-backup.json'))
  expect([file.mode & 0o777, file.uid]).toEqual([0o600, statSync(folder).uid])
})

it('one that has failed is noted too, and the last complete one stays known', async () => {
  writeFileSync(join(folder, 'folder-id'), 'x')
  await noteBackup(folder, first)
  for (let i = 0; i < 2; i++) await noteFailedBackup(folder, failed)
  expect(await readLastBackup(folder)).toEqual({ ...failed, ok: false, complete: first })
})

it('a folder without a server stays empty', async () => {
  await noteFailedBackup(folder, failed)
  expect(readdirSync(folder)).toEqual([])
})
