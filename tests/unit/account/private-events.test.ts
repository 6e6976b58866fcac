/** Which private events there are of what happens to an account, each in the transaction of the thing itself. */
import { describe, expect, it } from 'vitest'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createGrant, rotateGrant } from '#src/account/oauth/grants.ts'
import { putPreferences } from '#src/account/preferences/preferences.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { signIn } from '#src/account/sessions/page-sessions.ts'
import { deleteSession, refreshSession } from '#src/account/sessions/sessions.ts'
import { verifyAccess } from '#src/rules/session-tokens.ts'
import { credentialScenarios } from '#tests/support/credential-scenarios.ts'
import { dataScenarios } from '#tests/support/data-scenarios.ts'
import { emptyAccount, provisionAccount } from '#tests/support/empty-account.ts'
import {
  addPhone,
  app,
  appPassword,
  did,
  grantOf,
  logIn,
  openWithEvents,
  password,
  phone,
  sessionIdIn,
  terms,
  tokenIdIn,
  withoutSecurity,
} from '#tests/support/private-events-fixture.ts'

const collection = 'com.example.thing'
const record = { collection, rkey: 'one', record: { $type: collection } }
const day = 24 * 3_600_000
const scenarios = [...credentialScenarios, ...dataScenarios]

describe.each(scenarios)('$title', ({ given, when, sql, expected }) => {
  it('has its private events, in one transaction with the thing itself', async () => {
    const opened = await openWithEvents()
    await given?.(opened)
    await opened.events()
    opened.transactions()
    await when(opened)
    expect(withoutSecurity(await opened.events())).toEqual(expected)
    const transactions = opened.transactions().filter((text) => !/^DELETE FROM used/.test(text))
    expect(transactions.filter((text) => sql.test(text))).toHaveLength(1)
  })
})

const idempotent = scenarios.filter(({ title }) =>
  /revoked$|revoked after|sign-out|removed$|turned off|takedown of a/.test(title),
)
it.each(idempotent)(
  '$title: a repetition, which finds nothing to do, has no event',
  async (scenario) => {
    const opened = await openWithEvents()
    await scenario.given?.(opened)
    await scenario.when(opened)
    await opened.events()
    // The passkey that is removed is looked for.
    await scenario.when(opened).catch(() => {})
    expect(await opened.events()).toEqual([])
  },
)

describe('sessions', () => {
  it('a session is created and ended, in events that name it as its access tokens do, also after refreshes', async () => {
    const { account, events, transactions } = await openWithEvents()
    const { accessJwt, refreshJwt } = await logIn(account)
    const subject = await sessionIdIn(account, accessJwt)
    expect(await events()).toEqual([
      ['#session', { change: 'created', kind: 'password' }, subject],
      ['#security', { kind: 'sign in' }],
    ])
    expect(transactions()).toEqual([expect.stringContaining('INSERT INTO refresh_token')])
    let last = refreshJwt
    for (let i = 0; i < 3; i++) {
      const next = await refreshSession(account, { tokenId: await tokenIdIn(account, last) })
      expect(await sessionIdIn(account, next.accessJwt)).toBe(subject)
      last = next.refreshJwt
    }
    expect(await events()).toEqual([])
    const tokenId = await tokenIdIn(account, last)
    await deleteSession(account, { tokenId })
    await deleteSession(account, { tokenId })
    expect(await events()).toEqual([['#session', { change: 'ended', kind: 'password' }, subject]])
    expect(transactions()).toEqual([
      expect.stringContaining('DELETE FROM refresh_token'),
      expect.stringContaining('DELETE FROM refresh_token'),
    ])
  })

  it('the session that createAccount returns has an event', async () => {
    const account = emptyAccount(did)
    const { tokenId } = await provisionAccount(account)
    await account.privateOutbox.settled()
    const { accessJwt } = await refreshSession(account, { tokenId })
    expect(account.deliveredPrivately).toMatchObject([
      { kind: '#session', subject: await sessionIdIn(account, accessJwt) },
    ])
  })

  it('a session of an app password says which, in its events and its access tokens', async () => {
    const opened = await openWithEvents()
    const { account, events } = opened
    await addPhone(opened)
    await events()
    const { accessJwt, refreshJwt } = await logIn(account, appPassword)
    const tokenId = await tokenIdIn(account, refreshJwt)
    const next = await refreshSession(account, { tokenId })
    for (const jwt of [accessJwt, next.accessJwt]) {
      expect(await verifyAccess(jwt, terms(account))).toMatchObject({ appPassword: phone })
    }
    await deleteSession(account, { tokenId: await tokenIdIn(account, next.refreshJwt) })
    const subject = await sessionIdIn(account, accessJwt)
    const session = { kind: 'appPassword', name: 'phone' }
    expect(withoutSecurity(await events())).toEqual([
      ['#session', { change: 'created', ...session }, subject],
      ['#session', { change: 'ended', ...session }, subject],
    ])
  })

  it('a session that a release before 5 began has one id from its first refresh on', async () => {
    const { account, clock, events } = await openWithEvents()
    const insert = 'INSERT INTO refresh_token (id, expires_at) VALUES (?, ?)'
    await account.sql.batch([{ sql: insert, params: ['old', clock.time + day] }])
    const [one, again] = [
      await refreshSession(account, { tokenId: 'old' }),
      await refreshSession(account, { tokenId: 'old' }),
    ]
    const subject = await sessionIdIn(account, one.accessJwt)
    expect(await sessionIdIn(account, again.accessJwt)).toBe(subject)
    const tokenId = await tokenIdIn(account, one.refreshJwt)
    const two = await refreshSession(account, { tokenId })
    expect(await sessionIdIn(account, two.accessJwt)).toBe(subject)
    await deleteSession(account, { tokenId: await tokenIdIn(account, two.refreshJwt) })
    expect(await events()).toEqual([['#session', { change: 'ended', kind: 'password' }, subject]])
  })

  it('a sign-in that was refused or whose password has changed meanwhile has no session event', async () => {
    const { account, events } = await openWithEvents()
    await expect(logIn(account, 'wrong')).rejects.toThrow()
    const late = logIn(account)
    await account.sql.batch([{ sql: "UPDATE account SET password_hash = 'another'" }])
    account.profile.forget()
    await expect(late).rejects.toThrow()
    expect(withoutSecurity(await events())).toEqual([])
  })

  it('sessions that end because there are more than 30,000 have events, whether by a sign-in or a refresh', async () => {
    const { account, clock, events } = await openWithEvents()
    clock.time += 1
    const first = await sessionIdIn(account, (await logIn(account)).accessJwt)
    clock.time += 1
    const second = await logIn(account)
    const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 29997)
                  INSERT INTO refresh_token (id, expires_at) SELECT 'other-' || i, ? FROM n`
    await account.sql.batch([{ sql: fill, params: [clock.time + 91 * day] }])
    const ended = (subject?: string) => ['#session', { change: 'ended', kind: 'password' }, subject]
    await events()
    // The session of createAccount is the oldest.
    await logIn(account)
    expect(await events()).toContainEqual(ended(expect.any(String) as never))
    await account.sql.batch([
      { sql: fill.replaceAll(/other|29997/g, '1'), params: [clock.time + 91 * day] },
    ])
    await refreshSession(account, { tokenId: await tokenIdIn(account, second.refreshJwt) })
    expect(await events()).toEqual([ended(first)])
  })

  it('page sessions that end because there are more than 100 have events', async () => {
    const { account, clock, events } = await openWithEvents()
    for (let i = 0; i < 101; i++) {
      clock.time += 1
      await signIn(account, { password, token: `token ${i}` })
    }
    const sessions = withoutSecurity(await events())
    const first = sessions[0] as unknown[]
    expect(sessions.at(-1)).toEqual(['#session', { change: 'ended', kind: 'page' }, first[2]])
    expect(sessions).toHaveLength(102)
  })
})

describe('security events', () => {
  it('each event of the security log is a private event, without address and browser', async () => {
    const { account, events } = await openWithEvents()
    await logIn(account)
    await createAppPassword(account, {
      ...app,
      password: appPassword,
      client: { ip: '192.0.2.1', userAgent: 'a browser' },
    })
    const all = await events()
    expect(all).toContainEqual(['#security', { kind: 'sign in' }])
    expect(all).toContainEqual(['#security', { kind: 'app password created', detail: 'phone' }])
    expect(JSON.stringify(all)).not.toMatch(/192\.0\.2\.1|a browser/)
  })
})

describe('what has no private event', () => {
  it('an upload, a write to the repo, and what is put again as it was', async () => {
    const { account, events, transactions } = await openWithEvents()
    await createRecord(account, record)
    await putPreferences(account, { preferences: [], fullAccess: true })
    await setRecordTakedown(account, { collection, rkey: 'one', ref: null })
    await setRecordTakedown(account, { collection, rkey: 'missing', ref: 'spam' })
    await createGrant(account, grantOf(account, 'tok-1'))
    await events()
    await createGrant(account, grantOf(account, 'tok-1'))
    await rotateGrant(account, { id: 'tok-1', next: grantOf(account, 'tok-2') })
    await rotateGrant(account, { id: 'tok-1', next: grantOf(account, 'tok-2') })
    transactions()
    expect(await events()).toEqual([])
    await addUpload(account, { cid: 'bafy', mimeType: 'image/png', size: 3, key: 'key' })
    await createRecord(account, { ...record, rkey: 'two' })
    expect(transactions()).toEqual([])
  })
})

it('names in private events are cut', async () => {
  const { account, events } = await openWithEvents()
  const name = 'x'.repeat(10_000)
  await createAppPassword(account, { name, privileged: false, password: appPassword })
  const { refreshJwt } = await logIn(account, appPassword)
  await deleteSession(account, { tokenId: await tokenIdIn(account, refreshJwt) })
  const many = Array.from({ length: 200 }, (_, i) => ({ $type: `app.bsky.${i}.${name}` }))
  await putPreferences(account, { preferences: many, fullAccess: true })
  const bodies = (await events()).map((event) => JSON.stringify(event).length)
  expect(bodies).toHaveLength(6)
  expect(Math.max(...bodies.slice(0, -1))).toBeLessThan(500)
  expect(Math.max(...bodies)).toBeLessThan(32_000)
})
