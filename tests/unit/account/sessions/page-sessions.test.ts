import { beforeEach, describe, expect, it } from 'vitest'
import { createRecoveryCodes } from '#src/account/factors/codes.ts'
import { addEmailFactor } from '#src/account/factors/email.ts'
import {
  beginPasskeyAssertion,
  beginPasskeyRegistration,
  finishPasskeyRegistration,
} from '#src/account/factors/passkeys.ts'
import { requiredFactors } from '#src/account/factors/second-step.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { updateEmail } from '#src/account/sessions/emails.ts'
import {
  checkPageSession,
  endPageSession,
  finishSecondStep,
  getPendingStep,
  passSecondStep,
  requestStepCode,
  signIn,
  signInWithPasskey,
} from '#src/account/sessions/page-sessions.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { createSession, getSession } from '#src/account/sessions/sessions.ts'
import { unavailable } from '#src/errors.ts'
import { Authenticator } from '#tests/support/authenticator.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const password = 'correct horse'
const token = 'a token of 32 bytes'
const client = { ip: '192.0.2.7' }
const signedOut = { status: 401, error: 'SignedOut' }
const refused = { status: 400, error: 'InvalidToken' }

let account: OpenAccount
let now: number

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  account = await openTestAccount()
  Object.assign(account.clock, { now: () => now })
  await setPassword(account, { password })
})

async function addPasskey() {
  const passkey = new Authenticator({ origin: 'http://localhost' })
  const response = passkey.register(await beginPasskeyRegistration(account))
  await finishPasskeyRegistration(account, { response, name: 'key' })
  return passkey
}

const lastEvent = async () => (await listSecurityEvents(account)).events[0]?.kind

describe('page sign-in', () => {
  it('a page sign-in needs only the password if there are no factors, and is fresh for an hour', async () => {
    const wrong = signIn(account, { password: 'wrong', token })
    await expect(wrong).rejects.toMatchObject({ status: 401, error: 'AuthenticationRequired' })
    expect(await signIn(account, { password, token, client })).toEqual({ kinds: [] })
    expect(await checkPageSession(account, { token })).toEqual({ secondStep: false })
    await expect(checkPageSession(account, { token: 'another' })).rejects.toMatchObject(signedOut)
    expect(await lastEvent()).toBe('sign in')
    now += 60 * 60_000
    await expect(checkPageSession(account, { token })).rejects.toMatchObject(signedOut)
  })

  it('a page session ends on sign-out, and when the password changes', async () => {
    await signIn(account, { password, token })
    await endPageSession(account, { token })
    await expect(checkPageSession(account, { token })).rejects.toMatchObject(signedOut)
    await signIn(account, { password, token })
    await setPassword(account, { password: 'another one' })
    await expect(checkPageSession(account, { token })).rejects.toMatchObject(signedOut)
  })

  it('a page sign-in asks for the second factor, which must follow within 15 minutes', async () => {
    const { codes } = await createRecoveryCodes(account)
    await addEmailFactor(account)
    const early = finishSecondStep(account, { token, code: codes[0]! })
    await expect(early).rejects.toMatchObject(signedOut)
    expect(await signIn(account, { password, token })).toEqual({ kinds: ['email'] })
    await expect(checkPageSession(account, { token })).rejects.toMatchObject(signedOut)
    await expect(finishSecondStep(account, { token, code: 'wrong' })).rejects.toMatchObject(refused)
    const mail = await requestStepCode(account, { token })
    await finishSecondStep(account, { token, code: mail!.token!, client })
    expect(await checkPageSession(account, { token })).toEqual({ secondStep: true })
    // The same call again, as if its answer had been lost.
    await finishSecondStep(account, { token, code: mail!.token!, client })
    await checkPageSession(account, { token })
    const other = 'another token'
    await signIn(account, { password, token: other })
    now += 15 * 60_000
    const late = finishSecondStep(account, { token: other, code: codes[0]! })
    await expect(late).rejects.toMatchObject(signedOut)
  })

  it('a page sign-in accepts a passkey as the second factor, or alone', async () => {
    const passkey = await addPasskey()
    await signIn(account, { password, token })
    await finishSecondStep(account, {
      token,
      response: passkey.authenticate(await beginPasskeyAssertion(account)),
    })
    await checkPageSession(account, { token })
    const answer = passkey.authenticate(await beginPasskeyAssertion(account))
    await signInWithPasskey(account, { token: 'alone', response: answer, client })
    await checkPageSession(account, { token: 'alone' })
    const again = signInWithPasskey(account, { token: 'thief', response: answer })
    await expect(again).rejects.toMatchObject(refused)
  })
})

describe('what page sign-ins leave behind', () => {
  const rows = async (kind: string) =>
    (await account.sql.all('SELECT id FROM factor WHERE kind = ?', kind)).length

  it('sign-ins without their second step are limited in number, and removed after 15 minutes', async () => {
    await addEmailFactor(account)
    for (let n = 0; n < 60; n++) {
      now += 1
      await signIn(account, { password, token: `token ${n}` })
    }
    expect(await rows('step')).toBe(50)
    expect(await getPendingStep(account, { token: 'token 59' })).toEqual({ kinds: ['email'] })
    now += 15 * 60_000
    await signIn(account, { password, token: 'later' })
    expect(await rows('step')).toBe(1)
  })

  it('a passkey that could not be checked is not noted as refused', async () => {
    const passkey = await addPasskey()
    await signIn(account, { password, token })
    const response = passkey.authenticate(await beginPasskeyAssertion(account))
    const { batch } = account.sql
    account.sql.batch = async () => {
      throw unavailable('the engine is away')
    }
    const attempt = finishSecondStep(account, { token, response, client })
    await expect(attempt).rejects.toMatchObject({ status: 503 })
    account.sql.batch = batch
    expect(await lastEvent()).not.toBe('second factor refused')
    const other = finishSecondStep(account, { token, response: {}, client })
    await expect(other).rejects.toMatchObject(refused)
    expect(await lastEvent()).toBe('second factor refused')
  })
})

describe('the second factor of an OAuth sign-in', () => {
  it('OAuth sign-in asks for no second factor if there are none', async () => {
    expect(await passSecondStep(account, { client })).toEqual({ passed: true, kinds: [] })
    expect(await lastEvent()).toBe('sign in')
  })

  it('OAuth sign-in asks for a code, which is sent by email if the account has that factor', async () => {
    await addEmailFactor(account)
    const step = await passSecondStep(account, { client })
    expect(step).toMatchObject({ passed: false, mail: { email: 'alice@example.com' } })
    await expect(passSecondStep(account, { code: 'wrong' })).rejects.toMatchObject(refused)
    expect(await lastEvent()).toBe('second factor refused')
    const code = step.mail!.token!
    expect(await passSecondStep(account, { code, client })).toMatchObject({ passed: true })
    await expect(passSecondStep(account, { code })).rejects.toMatchObject(refused)
  })

  it('OAuth sign-in accepts a second factor that was shown at the pages in the last ten minutes', async () => {
    await signIn(account, { password, token: 'before' })
    const passkey = await addPasskey()
    const response = passkey.authenticate(await beginPasskeyAssertion(account))
    await signInWithPasskey(account, { token, response })
    expect(await passSecondStep(account, {})).toEqual({ passed: false, kinds: ['passkey'] })
    // A session that began without a second factor does not count as one.
    expect(await passSecondStep(account, { token: 'before' })).toMatchObject({ passed: false })
    expect(await passSecondStep(account, { token })).toMatchObject({ passed: true })
    now += 10 * 60_000
    expect(await passSecondStep(account, { token })).toMatchObject({ passed: false })
  })
})

describe('createSession', () => {
  it('createSession asks for a code if the account has factors, but not with an app password', async () => {
    const { codes } = await createRecoveryCodes(account)
    const session = (authFactorToken?: string) =>
      createSession(account, { password, ...(authFactorToken && { authFactorToken }) })
    expect(await session()).not.toHaveProperty('emailAuthFactor')
    await addEmailFactor(account)
    await expect(session()).rejects.toMatchObject({ status: 401, error: 'AuthFactorTokenRequired' })
    await expect(session('wrong')).rejects.toMatchObject(refused)
    expect(await session(codes[0])).toMatchObject({ emailAuthFactor: true })
    expect(await getSession(account)).toMatchObject({ emailAuthFactor: true })
    const app = { name: 'bot', password: 'abcd-efgh-ijkl-mnop', privileged: false }
    await createAppPassword(account, app)
    expect(await createSession(account, { password: app.password })).toHaveProperty('accessJwt')
  })

  it('createSession does not reveal factors to a caller without the password', async () => {
    await addEmailFactor(account)
    const wrong = createSession(account, { password: 'wrong' })
    await expect(wrong).rejects.toMatchObject({ status: 401, error: 'AuthenticationRequired' })
  })
})

describe('updateEmail', () => {
  const email = 'alice@example.com'

  it('updateEmail turns codes by email on for a confirmed address, and off with a token', async () => {
    await account.sql.batch([{ sql: `UPDATE account SET email_confirmed_at = 'long ago'` }])
    account.profile.forget()
    await updateEmail(account, { email, emailAuthFactor: true })
    expect(await requiredFactors(account)).toEqual({ kinds: ['email'] })
    const off = updateEmail(account, { email, emailAuthFactor: false })
    await expect(off).rejects.toMatchObject({ error: 'TokenRequired' })
    expect(await requiredFactors(account)).toEqual({ kinds: ['email'] })
  })

  it('updateEmail turns codes by email off with a new address, which may be wrong', async () => {
    await addEmailFactor(account)
    await updateEmail(account, { email: 'new@example.com' })
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    expect(await lastEvent()).toBe('email changed')
  })
})
