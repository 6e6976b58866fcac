import { expect, it } from 'vitest'
import { findPasswordReset, recordPasswordReset } from '#src/directory/password-resets.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

const did = 'did:plc:alice'

it('a reset token finds its account, in upper or lower case, and is stored as a hash', async () => {
  const directory = testDirectory()
  await recordPasswordReset(directory, { did, token: 'ABCDE-FGHIJ' })
  expect(await findPasswordReset(directory, { token: 'abcde-fghij' })).toEqual({ did })
  expect(await findPasswordReset(directory, { token: 'ABCDE-FGHIK' })).toBeNull()
  const rows = await directory.sql.all('SELECT * FROM password_reset')
  expect(JSON.stringify(rows)).not.toContain('ABCDE')
})

it('only the newest reset token of an account is valid', async () => {
  const directory = testDirectory()
  await recordPasswordReset(directory, { did, token: 'first' })
  await recordPasswordReset(directory, { did: 'did:plc:bob', token: 'other' })
  await recordPasswordReset(directory, { did, token: 'second' })
  expect(await findPasswordReset(directory, { token: 'first' })).toBeNull()
  expect(await findPasswordReset(directory, { token: 'second' })).toEqual({ did })
  expect(await findPasswordReset(directory, { token: 'other' })).toEqual({ did: 'did:plc:bob' })
})

it('reset tokens are deleted a day after they were sent', async () => {
  const directory = testDirectory()
  await recordPasswordReset(directory, { did, token: 'old' })
  directory.clock.time += 24 * 3_600_000
  expect(await findPasswordReset(directory, { token: 'old' })).toEqual({ did })
  await recordPasswordReset(directory, { did: 'did:plc:bob', token: 'new' })
  expect(await findPasswordReset(directory, { token: 'old' })).toBeNull()
})
