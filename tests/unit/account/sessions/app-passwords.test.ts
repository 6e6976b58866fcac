import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { updateProfile } from '#src/account/profile.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import {
  createAppPassword,
  listAppPasswords,
  revokeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import { storeTokenUnlessRevoked } from '#src/account/sessions/refresh-tokens.ts'
import { createSession, refreshSession } from '#src/account/sessions/sessions.ts'
import { hashAppPassword, hashPassword } from '#src/ports/passwords.ts'
import { newAppPassword } from '#src/rules/passwords.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  TestClock,
} from '#tests/support/empty-account.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
let clock: TestClock
let account: EmptyAccount
let passwordHash: string

beforeAll(async () => {
  passwordHash = await hashPassword('hunter2')
})
beforeEach(async () => {
  clock = new TestClock()
  account = emptyAccount(did, { clock })
  await provisionAccount(account, passwordHash)
})

const wrong = { status: 401, error: 'AuthenticationRequired' }
const revoked = { status: 400, error: 'ExpiredToken' }
const logIn = (password: string) => createSession(account, { password })
const scopeOf = (accessJwt: string) => decodeJwt(accessJwt)['scope']
const refresh = ({ refreshJwt }: { refreshJwt: string }) =>
  refreshSession(account, { tokenId: decodeJwt(refreshJwt).jti! })

async function create(name: string, privileged = false): Promise<string> {
  const password = newAppPassword()
  await createAppPassword(account, { name, privileged, password })
  return password
}

describe('createAppPassword', () => {
  it("createAppPassword returns four groups of base32, and stores the hash in the reference's format", async () => {
    const password = newAppPassword()
    expect(password).toMatch(/^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/)
    expect(await createAppPassword(account, { name: 'phone', privileged: true, password })).toEqual(
      { name: 'phone', password, privileged: true, createdAt: '2026-01-01T00:00:00.000Z' },
    )
    const [row] = await account.sql.all<{ secret: string }>('SELECT secret FROM credential')
    expect(row?.secret).toBe(await hashAppPassword(did, password))
    // The salt of this DID, as the reference computes it: the first half of its SHA-256.
    expect(row?.secret).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)
    expect(JSON.stringify(row)).not.toContain(password)
  })

  it('createAppPassword can be repeated, but does not return a second password under the same name', async () => {
    const input = { name: 'phone', privileged: false, password: newAppPassword() }
    const first = await createAppPassword(account, input)
    clock.time += 1000
    expect(await createAppPassword(account, input)).toEqual(first)
    const other = createAppPassword(account, { ...input, password: newAppPassword() })
    await expect(other).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect((await listAppPasswords(account)).passwords).toHaveLength(1)
    expect(await logIn(input.password)).toMatchObject({ did })
  })

  it('createAppPassword stores and notes one of two that come at once', async () => {
    const outcomes = await Promise.allSettled([create('phone'), create('phone')])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const { events } = await listSecurityEvents(account)
    expect(events.filter(({ kind }) => kind === 'app password created')).toHaveLength(1)
  })

  it('createAppPassword limits the number of app passwords', async () => {
    await account.sql.batch([
      {
        sql: `INSERT INTO credential (kind, name, secret, created_at)
              WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 500)
              SELECT 'app password', 'bot ' || n, 'hash ' || n, 0 FROM r`,
      },
    ])
    await expect(create('one more')).rejects.toMatchObject({
      status: 400,
      message: 'Too many app passwords',
    })
    await revokeAppPassword(account, { name: 'bot 1' })
    await create('one more')
  })

  it('createAppPassword is refused to accounts that are taken down', async () => {
    await account.sql.batch([updateProfile({ status: 'takendown' })])
    account.profile.forget()
    await expect(create('phone')).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
  })
})

it('listAppPasswords lists the newest first, without passwords', async () => {
  expect(await listAppPasswords(account)).toEqual({ passwords: [] })
  await create('phone')
  clock.time += 1000
  await create('laptop', true)
  expect(await listAppPasswords(account)).toEqual({
    passwords: [
      { name: 'laptop', createdAt: '2026-01-01T00:00:01.000Z', privileged: true },
      { name: 'phone', createdAt: '2026-01-01T00:00:00.000Z', privileged: false },
    ],
  })
})

describe('a session of an app password', () => {
  it.each([
    [false, 'com.atproto.appPass'],
    [true, 'com.atproto.appPassPrivileged'],
  ])(
    'a session of an app password with privileges: %s keeps the scope %s when refreshed',
    async (privileged, scope) => {
      const session = await logIn(await create('phone', privileged))
      expect(scopeOf(session.accessJwt)).toBe(scope)
      const next = await refresh(session)
      expect(scopeOf(next.accessJwt)).toBe(scope)
      clock.time += 3 * 3_600_000
      expect(scopeOf((await refresh(next)).accessJwt)).toBe(scope)
    },
  )

  it("createSession prefers the account's own password to an equal app password", async () => {
    const own = newAppPassword()
    const changes = updateProfile({ passwordHash: await hashPassword(own) })
    await account.sql.batch([changes])
    account.profile.forget()
    expect(scopeOf((await logIn(own)).accessJwt)).toBe('com.atproto.access')
  })

  it('createSession rejects an app password of another account, and one that does not exist', async () => {
    const other = emptyAccount('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    await provisionAccount(other, passwordHash)
    const password = newAppPassword()
    await createAppPassword(other, { name: 'phone', privileged: false, password })
    await expect(logIn(password)).rejects.toMatchObject(wrong)
    await expect(logIn(newAppPassword())).rejects.toMatchObject(wrong)
  })

  it('createSession with an app password of an account that is taken down fails as with a wrong password', async () => {
    const password = await create('phone')
    await account.sql.batch([updateProfile({ status: 'takendown' })])
    account.profile.forget()
    const attempt = createSession(account, { password, allowTakendown: true })
    await expect(attempt).rejects.toMatchObject(wrong)
  })
})

describe('revokeAppPassword', () => {
  it('revokeAppPassword ends the sessions of that app password only', async () => {
    const [phone, laptop] = [await create('phone'), await create('laptop')]
    const ended = [await logIn(phone), await logIn(phone)]
    ended.push(await refresh(ended[0]!))
    const others = [await logIn(laptop), await logIn('hunter2')]
    await revokeAppPassword(account, { name: 'phone' })
    await expect(logIn(phone)).rejects.toMatchObject(wrong)
    for (const session of ended) await expect(refresh(session)).rejects.toMatchObject(revoked)
    for (const session of others) expect(await refresh(session)).toMatchObject({ did })
    await revokeAppPassword(account, { name: 'phone' })
  })

  it('revokeAppPassword also ends a session that is being created', async () => {
    await create('phone')
    await revokeAppPassword(account, { name: 'phone' })
    const late = storeTokenUnlessRevoked(account, 'late', clock.now(), {
      appPassword: 'phone',
      passwordHash: null,
    })
    await account.sql.batch(late)
    await create('phone', true)
    await expect(refreshSession(account, { tokenId: 'late' })).rejects.toMatchObject(revoked)
  })
})
