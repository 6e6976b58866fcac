import { beforeEach, expect, it } from 'vitest'
import { createClaim, findClaim, useClaim } from '#src/account/sessions/claims.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  TestClock,
} from '#tests/support/empty-account.ts'

const hour = 3_600_000
const used = { hash: 'first', email: 'user@example.com', password: 'correct horse' }
const gone = { error: 'InvalidToken' }
let account: EmptyAccount
let clock: TestClock

beforeEach(async () => {
  clock = new TestClock()
  account = emptyAccount('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', { clock })
  await provisionAccount(account)
  await createClaim(account, { hash: 'first', expiresAt: account.clock.now() + hour })
})

it('a claim sets email address and password once, and ends the sessions of the platform', async () => {
  expect(await account.sql.all('SELECT id FROM refresh_token')).toHaveLength(1)
  await useClaim(account, used)
  expect(await account.profile.get()).toMatchObject({ email: used.email, emailConfirmedAt: null })
  expect(await account.sql.all('SELECT id FROM refresh_token')).toEqual([])
  await createSession(account, { password: used.password })
  await expect(useClaim(account, used)).rejects.toMatchObject(gone)
})

it('two uses of a claim at once set the email address of one of them', async () => {
  const others = { ...used, email: 'other@example.com' }
  const outcomes = await Promise.allSettled([useClaim(account, used), useClaim(account, others)])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect((await account.profile.get()).email).toBe(used.email)
})

it('a claim ends after its time, and with a newer one', async () => {
  await expect(findClaim(account, { hash: 'other' })).rejects.toMatchObject(gone)
  await findClaim(account, { hash: 'first' })
  clock.time += hour
  await expect(findClaim(account, { hash: 'first' })).rejects.toMatchObject(gone)
  await createClaim(account, { hash: 'second', expiresAt: account.clock.now() + hour })
  await findClaim(account, { hash: 'second' })
  await expect(findClaim(account, { hash: 'first' })).rejects.toMatchObject(gone)
})

it('a claim that is refused a wrong email address or password can be used again', async () => {
  await expect(useClaim(account, { ...used, email: 'none' })).rejects.toMatchObject({ status: 400 })
  await expect(useClaim(account, { ...used, password: '' })).rejects.toMatchObject({ status: 400 })
  await useClaim(account, used)
})

it('an account that its user has claimed gets no further claim', async () => {
  await useClaim(account, used)
  const again = createClaim(account, { hash: 'again', expiresAt: account.clock.now() + hour })
  await expect(again).rejects.toMatchObject({ error: 'AlreadyClaimed' })
})
