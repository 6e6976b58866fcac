import { beforeEach, describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { checkAccessToken } from '#src/account/oauth/check-access-token.ts'
import {
  describeWithClients,
  listDevices,
  signInOnDevice,
} from '#src/account/oauth/devices-and-clients.ts'
import { createGrant, findGrant, listGrants } from '#src/account/oauth/grants.ts'
import { updateProfile } from '#src/account/profile.ts'
import { createAppPassword, listAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { requestToken } from '#src/account/sessions/emails.ts'
import { checkPageSession, signIn } from '#src/account/sessions/page-sessions.ts'
import { isPassword, resetPassword, setPassword } from '#src/account/sessions/passwords.ts'
import { storeTokenUnlessRevoked } from '#src/account/sessions/refresh-tokens.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { newAppPassword } from '#src/rules/passwords.ts'
import { type EmptyAccount, emptyAccount, provisionAccount } from '#tests/support/empty-account.ts'

let account: EmptyAccount
beforeEach(async () => {
  account = emptyAccount('did:plc:ewvi7nxzyoun6zhxrhs64oiz')
  await provisionAccount(account, await hashPassword('hunter2'))
})

const tokens = () => account.sql.all('SELECT id FROM refresh_token')

describe('resetPassword', () => {
  it('resetPassword sets a new password, ends every session and the token, and keeps app passwords', async () => {
    const app = { name: 'phone', privileged: false, password: newAppPassword() }
    await createAppPassword(account, app)
    await createSession(account, { password: 'hunter2' })
    await createSession(account, { password: app.password })
    const { token } = await requestToken(account, { purpose: 'reset_password' })
    await resetPassword(account, { token: token!.toLowerCase(), password: 'hunter3' })
    expect(await tokens()).toEqual([])
    await expect(createSession(account, { password: 'hunter2' })).rejects.toThrow('Invalid')
    await createSession(account, { password: 'hunter3' })
    expect((await listAppPasswords(account)).passwords).toHaveLength(1)
    const again = resetPassword(account, { token: token!, password: 'hunter4' })
    await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it('resetPassword changes nothing for a wrong token or an invalid password', async () => {
    const { token } = await requestToken(account, { purpose: 'reset_password' })
    const guess = resetPassword(account, { token: 'AAAAA-AAAAA', password: 'hunter3' })
    await expect(guess).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
    for (const password of ['', 'x'.repeat(257)]) {
      const attempt = resetPassword(account, { token: token!, password })
      await expect(attempt).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    }
    expect(await isPassword(account, 'hunter2')).toBe(true)
    expect(await tokens()).toHaveLength(1)
  })
})

it('setPassword needs no token, and ends every session', async () => {
  await setPassword(account, { password: 'x'.repeat(256) })
  expect(await isPassword(account, 'x'.repeat(256))).toBe(true)
  expect(await isPassword(account, 'hunter2')).toBe(false)
  expect(await tokens()).toEqual([])
  await account.sql.batch([updateProfile({ status: 'deleted' })])
  account.profile.forget()
  await expect(setPassword(account, { password: 'hunter3' })).rejects.toMatchObject({ status: 400 })
})

it('a session is not stored if the password it was created with has changed since', async () => {
  const { passwordHash } = await account.profile.get()
  await setPassword(account, { password: 'hunter3' })
  const now = account.clock.now()
  const login = { appPassword: undefined, passwordHash }
  await account.sql.batch(storeTokenUnlessRevoked(account, 'late', now, login))
  expect(await tokens()).toEqual([])
})

describe('a new password', () => {
  const grant = {
    ...{ id: 'tok-1', refreshHash: 'refresh', codeHash: 'code' },
    data: JSON.stringify({ clientId: 'an app', parameters: { dpop_jkt: 'key' }, scope: 'atproto' }),
    ...{ expiresAt: 9e15, createdAt: 0, updatedAt: 9e15 },
  }
  const signIns = async () => ({
    grants: (await listGrants(account)).length,
    found: await findGrant(account, { refreshHash: 'refresh' }),
    devices: await listDevices(account),
    page: await checkPageSession(account, { token: 'page' }).catch(({ error }) => error),
    refreshTokens: await tokens(),
  })

  async function signInEverywhere() {
    await createGrant(account, grant)
    const presented = { id: 'tok-1', jkt: 'key', proof: 'p', attempt: 'a' }
    await checkAccessToken(account, presented)
    await signInOnDevice(account, { deviceId: 'dev-1' })
    await signIn(account, { password: 'hunter2', token: 'page' })
    await createSession(account, { password: 'hunter2' })
    return presented
  }
  const nothing = { grants: 0, found: null, devices: [], page: 'SignedOut', refreshTokens: [] }

  it('a new password ends OAuth grants, remembered browsers, page sessions and sessions', async () => {
    const presented = await signInEverywhere()
    expect(account.accessTokens.tokens.get('tok-1')).toBeDefined()
    await setPassword(account, { password: 'hunter3' })
    expect(await signIns()).toEqual(nothing)
    const verdict = await checkAccessToken(account, { ...presented, proof: 'q' })
    expect(verdict).toEqual({ refusal: 'unknown' })
  })

  it('a password reset ends OAuth grants, remembered browsers, page sessions and sessions', async () => {
    await signInEverywhere()
    const { token } = await requestToken(account, { purpose: 'reset_password' })
    await resetPassword(account, { token: token!, password: 'hunter3' })
    expect(await signIns()).toEqual(nothing)
  })

  it('a takedown ends them too, and they do not return with its end', async () => {
    await signInEverywhere()
    await changeState(account, { takedownRef: 'spam' })
    await changeState(account, { takedownRef: null })
    expect(await signIns()).toEqual(nothing)
  })

  it('what was authorized before a new password does not become a sign-in after it', async () => {
    const before = account.clock.now()
    await setPassword(account, { password: 'hunter3' })
    const late = createGrant(account, { ...grant, authorizedAt: before })
    await expect(late).rejects.toMatchObject({ status: 400, error: 'InvalidGrant' })
    const onDevice = signInOnDevice(account, { deviceId: 'dev-1', since: before })
    await expect(onDevice).rejects.toMatchObject({ status: 400 })
    expect(await describeWithClients(account, { signedInAt: before })).toBeNull()
    expect((await signIns()).grants).toBe(0)
    expect(await listDevices(account)).toEqual([])
    const after = before + 1
    await createGrant(account, { ...grant, authorizedAt: after })
    await signInOnDevice(account, { deviceId: 'dev-1', since: after })
    expect(await signIns()).toMatchObject({ grants: 1, devices: [{ deviceId: 'dev-1' }] })
    expect(await describeWithClients(account, { signedInAt: after })).not.toBeNull()
  })

  it.each([
    ['createSession', () => createSession(account, { password: 'hunter2' })],
    ['a page sign-in', () => signIn(account, { password: 'hunter2', token: 'page' })],
  ])('%s with the former password is refused if the new one comes first', async (_, start) => {
    const { batch } = account.sql
    // The password changes after it was checked, and before the session is stored.
    account.sql.batch = async (statements) => {
      account.sql.batch = batch
      await setPassword(account, { password: 'hunter3' })
      return account.sql.batch(statements)
    }
    await expect(start()).rejects.toMatchObject({ status: 401, error: 'AuthenticationRequired' })
    expect(await signIns()).toEqual(nothing)
  })
})

it('isPassword rejects app passwords, and accounts that do not exist', async () => {
  const app = { name: 'phone', privileged: true, password: newAppPassword() }
  await createAppPassword(account, app)
  expect(await isPassword(account, app.password)).toBe(false)
  expect(await isPassword(emptyAccount(account.did), 'hunter2')).toBe(false)
})
