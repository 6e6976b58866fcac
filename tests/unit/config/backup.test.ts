import { expect, it } from 'vitest'
import { readBackup } from '#src/config/backup.ts'
import { EnvironmentReader } from '#src/config/read.ts'

const errorsOf = (environment: Record<string, string>) => {
  const read = new EnvironmentReader(environment)
  readBackup(read)
  return read.errors
}

it('the key of backups has 32 bytes, and how many are kept is counted in days, weeks and months', () => {
  const valid = { PDS_BACKUP_KEY_HEX: 'ab'.repeat(32), PDS_BACKUP_KEEP: '7d4w12m' }
  expect(errorsOf(valid)).toEqual([])
  expect(errorsOf({ ...valid, PDS_BACKUP_KEY_HEX: 'abc' })).toHaveLength(1)
  expect(errorsOf({ ...valid, PDS_BACKUP_KEEP: '0d' })).toHaveLength(1)
})
