import { decodeJwt } from 'jose'
import { beforeEach, expect, it } from 'vitest'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { endEverySession, endSession, listSessions } from '#src/account/sessions/list-sessions.ts'
import { createSession, refreshSession } from '#src/account/sessions/sessions.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { newAppPassword } from '#src/rules/passwords.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  TestClock,
} from '#tests/support/empty-account.ts'

const revoked = { status: 400, error: 'ExpiredToken' }
let clock: TestClock
let account: EmptyAccount

beforeEach(async () => {
  clock = new TestClock()
  account = emptyAccount('did:plc:ewvi7nxzyoun6zhxrhs64oiz', { clock })
  await provisionAccount(account, await hashPassword('hunter2'))
  await account.sql.batch([{ sql: 'DELETE FROM refresh_token' }])
})

const logIn = (password = 'hunter2') => createSession(account, { password })
const refresh = ({ refreshJwt }: { refreshJwt: string }) =>
  refreshSession(account, { tokenId: decodeJwt(refreshJwt).jti! })

it('a session is listed once, however often it is refreshed, with the app password it began with', async () => {
  const password = newAppPassword()
  await createAppPassword(account, { name: 'bot', password, privileged: false })
  await refresh(await refresh(await logIn()))
  await logIn(password)
  const names = (await listSessions(account)).map(({ appPassword }) => appPassword)
  expect(names.toSorted()).toEqual(['bot', undefined])
})

it('a session that is ended is refreshed no more, and others go on', async () => {
  const [first, second] = [await logIn(), await logIn()]
  const [one] = await listSessions(account)
  await endSession(account, { id: one!.id })
  expect(await listSessions(account)).toHaveLength(1)
  const results = await Promise.allSettled([refresh(first), refresh(second)])
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

it('all sessions end at once', async () => {
  const session = await logIn()
  await endEverySession(account)
  expect(await listSessions(account)).toEqual([])
  await expect(refresh(session)).rejects.toMatchObject(revoked)
})
