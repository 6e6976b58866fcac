import { beforeEach, describe, expect, it } from 'vitest'
import { updateProfile } from '#src/account/profile.ts'
import { createAppPassword, listAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { requestToken } from '#src/account/sessions/emails.ts'
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
    await resetPassword(account, { token: token.toLowerCase(), password: 'hunter3' })
    expect(await tokens()).toEqual([])
    await expect(createSession(account, { password: 'hunter2' })).rejects.toThrow('Invalid')
    await createSession(account, { password: 'hunter3' })
    expect((await listAppPasswords(account)).passwords).toHaveLength(1)
    const again = resetPassword(account, { token, password: 'hunter4' })
    await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it('resetPassword changes nothing for a wrong token or an invalid password', async () => {
    const { token } = await requestToken(account, { purpose: 'reset_password' })
    const guess = resetPassword(account, { token: 'AAAAA-AAAAA', password: 'hunter3' })
    await expect(guess).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
    for (const password of ['', 'x'.repeat(257)]) {
      const attempt = resetPassword(account, { token, password })
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
  await account.sql.batch([
    storeTokenUnlessRevoked('late', now, { appPassword: undefined, passwordHash }),
  ])
  expect(await tokens()).toEqual([])
})

it('isPassword rejects app passwords, and accounts that do not exist', async () => {
  const app = { name: 'phone', privileged: true, password: newAppPassword() }
  await createAppPassword(account, app)
  expect(await isPassword(account, app.password)).toBe(false)
  expect(await isPassword(emptyAccount(account.did), 'hunter2')).toBe(false)
})
