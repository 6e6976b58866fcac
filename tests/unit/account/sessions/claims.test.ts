import { beforeEach, expect, it } from 'vitest'
import { addFactor } from '#src/account/factors/changes.ts'
import { convert } from '#src/account/group/ownership.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { createClaim, findClaim, useClaim } from '#src/account/sessions/claims.ts'
import { setEmail, updateEmail } from '#src/account/sessions/emails.ts'
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

it('a claim ends the app passwords, second factors and remembered consents of the platform', async () => {
  const password = 'abcd-efgh-ijkl-mnop'
  await createAppPassword(account, { name: 'platform', password, privileged: true })
  await createSession(account, { password })
  await account.sql.batch([
    ...addFactor(account, 'totp', 'totp', { secret: new Uint8Array(20) }),
    { sql: `INSERT INTO oauth (kind, id, created_at, updated_at) VALUES ('client', 'app', 1, 1)` },
  ])
  await useClaim(account, used)
  for (const table of ['refresh_token', 'factor', `oauth WHERE kind = 'client'`]) {
    expect(await account.sql.all(`SELECT * FROM ${table}`)).toEqual([])
  }
  await expect(createSession(account, { password })).rejects.toMatchObject({ status: 401 })
  await createSession(account, { password: used.password })
})

it('the platform cannot set the email address beside a claim, or after it', async () => {
  const claimed = { status: 403, error: 'AlreadyClaimed' }
  const platforms = { email: 'platform@example.com', unlessClaimed: true }
  await setEmail(account, platforms)
  expect((await account.profile.get()).email).toBe(platforms.email)
  const claiming = useClaim(account, used)
  await expect(setEmail(account, platforms)).rejects.toMatchObject(claimed)
  await claiming
  expect((await account.profile.get()).email).toBe(used.email)
  await setEmail(account, { email: 'operator@example.com' })
})

it('an account that the platform has made a group since is not claimed', async () => {
  await convert(account, { by: { did: account.did }, owner: 'did:plc:platformplatformplatform' })
  await expect(useClaim(account, used)).rejects.toMatchObject(gone)
  const again = createClaim(account, { hash: 'again', expiresAt: account.clock.now() + hour })
  await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
})

it('the access token of a session that a claim has ended does not change how to sign in', async () => {
  const [row] = await account.sql.all<{ session: string }>('SELECT session FROM refresh_token')
  const { session } = row!
  await updateEmail(account, { email: 'platform@example.com', session })
  await useClaim(account, used)
  const changes = [
    () => updateEmail(account, { email: 'again@example.com', session }),
    () => createAppPassword(account, { name: 'p', password: 'p', privileged: true, session }),
    () => convert(account, { by: { did: account.did }, owner: 'did:plc:platform', session }),
  ]
  for (const change of changes) {
    await expect(change()).rejects.toMatchObject({ status: 400, error: 'ExpiredToken' })
  }
  expect((await account.profile.get()).email).toBe(used.email)
  await createSession(account, { password: used.password })
  const [own] = await account.sql.all<{ session: string }>('SELECT session FROM refresh_token')
  await updateEmail(account, { email: 'again@example.com', session: own!.session })
})
