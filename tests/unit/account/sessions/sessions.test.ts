import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { updateProfile } from '#src/account/profile.ts'
import { createAppPassword, revokeAppPassword } from '#src/account/sessions/app-passwords.ts'
import {
  createSession,
  deleteSession,
  findSession,
  getSession,
  refreshSession,
} from '#src/account/sessions/sessions.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { verifyAccess, verifyRefresh } from '#src/rules/session-tokens.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  service,
  TestClock,
} from '#tests/support/empty-account.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const hour = 3_600_000
const day = 24 * hour
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
  await account.sql.batch([{ sql: 'DELETE FROM refresh_token' }])
})

async function setStatus(status: 'deactivated' | 'takendown' | 'deleted'): Promise<void> {
  await account.sql.batch([updateProfile({ status })])
  account.profile.forget()
}

function idOf(refreshJwt: string): string {
  return decodeJwt(refreshJwt).jti!
}

async function tokenIds(): Promise<string[]> {
  const rows = await account.sql.all<{ id: string }>('SELECT id FROM refresh_token')
  return rows.map(({ id }) => id)
}

const logIn = () => createSession(account, { password: 'hunter2' })
const refresh = (tokenId: string) => refreshSession(account, { tokenId })
const wrong = { status: 401, error: 'AuthenticationRequired' }
const revoked = { status: 400, error: 'ExpiredToken' }

describe('createSession', () => {
  it('createSession returns valid tokens and the account', async () => {
    const session = await logIn()
    expect(session).toEqual({
      did,
      handle: 'alice.test',
      email: 'alice@example.com',
      emailConfirmed: false,
      active: true,
      accessJwt: expect.any(String),
      refreshJwt: expect.any(String),
    })
    const terms = { secret: service.jwtSecret, audience: service.did, now: clock.now() }
    expect(await verifyAccess(session.accessJwt, terms)).toMatchObject({
      ...{ did, scope: 'com.atproto.access' },
    })
    const { jti } = await verifyRefresh(session.refreshJwt, terms)
    expect(await tokenIds()).toEqual([jti])
  })

  it('createSession answers alike to a wrong password, a missing password hash and an unknown account', async () => {
    const absent = emptyAccount('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    const message = 'Invalid identifier or password'
    for (const [subject, password] of [
      [account, 'hunter3'],
      [account, ''],
      [absent, 'hunter2'],
    ] as const) {
      const attempt = createSession(subject, { password })
      await expect(attempt).rejects.toMatchObject({ ...wrong, message })
    }
    expect(await tokenIds()).toEqual([])
  })

  it('createSession accepts deactivated accounts, and returns their status', async () => {
    await setStatus('deactivated')
    expect(await logIn()).toMatchObject({ active: false, status: 'deactivated' })
  })

  it('createSession accepts an account that is taken down only with allowTakendown, with a narrow scope and no refresh', async () => {
    await setStatus('takendown')
    await expect(logIn()).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
    const session = await createSession(account, { password: 'hunter2', allowTakendown: true })
    expect(decodeJwt(session.accessJwt)['scope']).toBe('com.atproto.takendown')
    expect(session).toMatchObject({ active: false, status: 'takendown' })
    expect(await tokenIds()).toEqual([])
  })

  it('createSession answers a wrong password of an account that is taken down as any other', async () => {
    await setStatus('takendown')
    const attempt = createSession(account, { password: 'hunter3' })
    await expect(attempt).rejects.toMatchObject(wrong)
  })

  it('createSession rejects deleted accounts', async () => {
    await setStatus('deleted')
    await expect(logIn()).rejects.toMatchObject(wrong)
  })
})

describe('refreshSession', () => {
  it('refreshSession returns the same next token for two hours, and then fails', async () => {
    const first = idOf((await logIn()).refreshJwt)
    const next = idOf((await refresh(first)).refreshJwt)
    expect(next).not.toBe(first)
    clock.time += 2 * hour - 1
    const tokens = () => account.sql.all('SELECT * FROM refresh_token ORDER BY id')
    const before = await tokens()
    expect(idOf((await refresh(first)).refreshJwt)).toBe(next)
    expect(await tokens()).toEqual(before)
    clock.time += 1
    await expect(refresh(first)).rejects.toMatchObject(revoked)
    expect(idOf((await refresh(next)).refreshJwt)).not.toBe(next)
  })

  it('concurrent refreshes of one session return the same next token', async () => {
    const first = idOf((await logIn()).refreshJwt)
    const sessions = await Promise.all(Array.from({ length: 8 }, () => refresh(first)))
    expect(new Set(sessions.map(({ refreshJwt }) => idOf(refreshJwt))).size).toBe(1)
    expect(await tokenIds()).toHaveLength(2)
    const next = idOf(sessions[0]!.refreshJwt)
    expect(idOf((await refresh(next)).refreshJwt)).not.toBe(next)
  })

  it('refreshSession does not extend a token beyond its own expiry', async () => {
    const first = idOf((await logIn()).refreshJwt)
    clock.time += 90 * day - hour
    await refresh(first)
    clock.time += hour
    await expect(refresh(first)).rejects.toMatchObject(revoked)
  })

  it('refreshSession rejects unknown and expired tokens, and deletes the latter', async () => {
    await expect(refresh('unknown')).rejects.toMatchObject(revoked)
    const old = idOf((await logIn()).refreshJwt)
    clock.time += 90 * day
    await expect(refresh(old)).rejects.toMatchObject(revoked)
    const first = idOf((await logIn()).refreshJwt)
    const next = idOf((await refresh(first)).refreshJwt)
    expect((await tokenIds()).sort()).toEqual([first, next].sort())
  })

  it('refreshSession follows a chain of rotations', async () => {
    let id = idOf((await logIn()).refreshJwt)
    for (let i = 0; i < 5; i++) {
      clock.time += 3 * hour
      id = idOf((await refresh(id)).refreshJwt)
    }
    expect((await tokenIds()).length).toBeLessThanOrEqual(2)
  })

  it('refreshSession rejects accounts that are taken down', async () => {
    const first = idOf((await logIn()).refreshJwt)
    await setStatus('takendown')
    await expect(refresh(first)).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
  })

  it('refreshSession can be repeated if the result of its transaction was lost', async () => {
    let failures = 0
    const flaky = emptyAccount(did, {
      clock,
      onBatch: (when) => {
        if (when === 'after' && failures-- > 0) throw new Error('the answer was lost')
      },
    })
    const { tokenId: first } = await provisionAccount(flaky, passwordHash)
    failures = 1
    await expect(refreshSession(flaky, { tokenId: first })).rejects.toThrow('lost')
    const a = await refreshSession(flaky, { tokenId: first })
    const b = await refreshSession(flaky, { tokenId: first })
    expect(idOf(a.refreshJwt)).toBe(idOf(b.refreshJwt))
  })
})

describe('deleteSession', () => {
  it('deleteSession revokes the token, and every token that leads to it', async () => {
    const first = idOf((await logIn()).refreshJwt)
    const next = idOf((await refresh(first)).refreshJwt)
    const other = idOf((await logIn()).refreshJwt)
    await deleteSession(account, { tokenId: next })
    for (const id of [first, next]) await expect(refresh(id)).rejects.toMatchObject(revoked)
    expect(await tokenIds()).toEqual([other])
    await deleteSession(account, { tokenId: next })
  })
})

describe('getSession', () => {
  it('getSession returns the account without tokens', async () => {
    expect(await getSession(account)).toEqual({
      did,
      handle: 'alice.test',
      email: 'alice@example.com',
      emailConfirmed: false,
      active: true,
    })
    await setStatus('deactivated')
    expect(await getSession(account)).toMatchObject({ active: false, status: 'deactivated' })
  })

  it('getSession rejects accounts that are taken down, deleted or not yet provisioned', async () => {
    await setStatus('takendown')
    await expect(getSession(account)).rejects.toMatchObject({ error: 'InvalidRequest' })
    await setStatus('deleted')
    await expect(getSession(account)).rejects.toMatchObject({ error: 'InvalidRequest' })
    await expect(getSession(emptyAccount(did))).rejects.toMatchObject({ error: 'InvalidRequest' })
  })
})

describe('findSession', () => {
  const key = { id: 'call', issuedAt: 0 }

  it('findSession returns what createSession answered for the same key, later too', async () => {
    expect(await findSession(account, key)).toBeUndefined()
    const session = await createSession(account, { password: 'hunter2' }, key)
    clock.time += hour
    expect(await findSession(account, key)).toEqual(session)
    expect(await findSession(account, { ...key, id: 'another call' })).toBeUndefined()
    expect(await account.sql.all('SELECT id FROM used_key')).toEqual([])
  })

  it.each([true, false])(
    'findSession knows the scope of an app password (privileged: %s)',
    async (privileged) => {
      const password = 'abcd-efgh-ijkl-mnop'
      await createAppPassword(account, { name: 'bot', password, privileged })
      const session = await createSession(account, { password }, key)
      expect(await findSession(account, key)).toEqual(session)
      const { scope } = decodeJwt(session.accessJwt)
      expect(scope).toBe(`com.atproto.appPass${privileged ? 'Privileged' : ''}`)
      await revokeAppPassword(account, { name: 'bot' })
      expect(await findSession(account, key)).toBeUndefined()
    },
  )

  it('findSession does not find a session that was ended', async () => {
    const { refreshJwt } = await createSession(account, { password: 'hunter2' }, key)
    await deleteSession(account, { tokenId: idOf(refreshJwt) })
    expect(await findSession(account, key)).toBeUndefined()
    expect(await createSession(account, { password: 'hunter2' }, key)).toHaveProperty('accessJwt')
  })
})

it('an account has 30,000 sessions; a new one ends those that were least recently refreshed, and deletes expired ones', async () => {
  const first = await createSession(account, { password: 'hunter2' })
  clock.time += hour
  const kept = await createSession(account, { password: 'hunter2' })
  await account.sql.batch([
    {
      sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 29998)
            INSERT INTO refresh_token (id, expires_at) SELECT 'other-' || i, ? FROM n`,
      params: [clock.now() + 91 * day],
    },
    {
      sql: `INSERT INTO refresh_token (id, expires_at) VALUES ('expired', ?)`,
      params: [clock.now()],
    },
  ])
  const next = await createSession(account, { password: 'hunter2' })
  const refresh = ({ refreshJwt }: { refreshJwt: string }) =>
    refreshSession(account, { tokenId: idOf(refreshJwt) })
  const count = await account.sql.first<{ n: number }>('SELECT count(*) AS n FROM refresh_token')
  expect(count).toEqual({ n: 30_000 })
  await expect(refresh(first)).rejects.toMatchObject({ error: 'ExpiredToken' })
  await refresh(kept)
  await refresh(next)
})

it('refreshing again and again leaves an account at most 30,000 tokens, and the session goes on', async () => {
  const session = await createSession(account, { password: 'hunter2' })
  await account.sql.batch([
    {
      sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30100)
            INSERT INTO refresh_token (id, expires_at, next_id) SELECT 'used-' || i, ?, 'next' FROM n`,
      params: [clock.now() + hour],
    },
  ])
  const { refreshJwt } = await refreshSession(account, { tokenId: idOf(session.refreshJwt) })
  const count = await account.sql.first<{ n: number }>('SELECT count(*) AS n FROM refresh_token')
  expect(count!.n).toBeLessThanOrEqual(30_001)
  await refreshSession(account, { tokenId: idOf(refreshJwt) })
})
