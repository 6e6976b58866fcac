import { Secret, TOTP } from 'otpauth'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPageCode, createRecoveryCodes } from '#src/account/factors/codes.ts'
import {
  addEmailFactor,
  beginEmailFactor,
  confirmEmailFactor,
  removeEmailFactor,
} from '#src/account/factors/email.ts'
import { getFactorOverview } from '#src/account/factors/overview.ts'
import {
  removeFactors,
  requestEmailCode,
  requiredFactors,
  verifyCode,
} from '#src/account/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const refused = { status: 400, error: 'InvalidToken' }
/** The codes that the provider's sign-in page accepts. */
const typeable = /^[A-Z2-7]{5}-[A-Z2-7]{5}$/

let account: OpenAccount
let now: number

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  account = await openTestAccount()
  Object.assign(account.clock, { now: () => now })
})

const show = (code: string) => verifyCode(account, { code })

async function enrol() {
  const { uri, key } = await beginTotp(account)
  const app = new TOTP({ secret: Secret.fromBase32(key) })
  const code = (steps = 0) => app.generate({ timestamp: now + steps * 30_000 })
  await confirmTotp(account, { code: code() })
  return { uri, code }
}

describe('an authenticator app', () => {
  it('an authenticator app is enrolled with its first code, which is not accepted again', async () => {
    const { uri, code } = await enrol()
    expect(uri).toContain('otpauth://totp/localhost:alice.test?issuer=localhost&secret=')
    expect(await requiredFactors(account)).toEqual({ kinds: ['totp'] })
    await expect(show(code())).rejects.toMatchObject(refused)
    now += 30_000
    await show(code())
    await expect(show(code())).rejects.toMatchObject(refused)
    await expect(show(code(-1))).rejects.toMatchObject(refused)
  })

  it('a TOTP code is accepted half a minute early or late, and with spaces in it', async () => {
    const { code } = await enrol()
    now += 60_000
    const late = code(-1)
    await show(`${late.slice(0, 3)} ${late.slice(3)}`)
    await expect(show(code(2))).rejects.toMatchObject(refused)
  })

  it('an authenticator app is not enrolled with a wrong code, nor enrolled twice', async () => {
    const begun = await beginTotp(account)
    await expect(confirmTotp(account, { code: '000000' })).rejects.toMatchObject(refused)
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    expect(await beginTotp(account)).toEqual(begun)
    await enrol()
    await expect(beginTotp(account)).rejects.toMatchObject({ status: 400 })
  })

  it('an authenticator app enrolled after a removal has a new secret, which is stored sealed', async () => {
    const { key } = await beginTotp(account)
    await enrol()
    const rows = await account.sql.all<{ secret: Uint8Array | null }>('SELECT secret FROM factor')
    const secret = Buffer.from(Secret.fromBase32(key).buffer)
    for (const row of rows) expect(Buffer.from(row.secret ?? []).includes(secret)).toBe(false)
    await removeTotp(account)
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    expect((await beginTotp(account)).key).not.toBe(key)
  })
})

describe('recovery codes', () => {
  it('there are ten recovery codes, each accepted once and in any spelling', async () => {
    const { codes } = await createRecoveryCodes(account)
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(typeable)
    await show(codes[0]!)
    await expect(show(codes[0]!)).rejects.toMatchObject(refused)
    await show(` ${codes[1]!.toLowerCase().replace('-', ' ')}`)
    expect((await getFactorOverview(account)).recoveryCodesLeft).toBe(8)
  })

  it('new recovery codes replace the old ones', async () => {
    const before = await createRecoveryCodes(account)
    await createRecoveryCodes(account)
    await expect(show(before.codes[0]!)).rejects.toMatchObject(refused)
    const stored = await account.sql.all<{ id: string }>('SELECT id FROM factor')
    for (const code of before.codes) expect(JSON.stringify(stored)).not.toContain(code)
  })

  it('recovery codes alone do not make sign-in ask for a second factor', async () => {
    await createRecoveryCodes(account)
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
  })
})

describe('codes by email', () => {
  async function turnOn() {
    const { email, token } = await beginEmailFactor(account, {})
    expect(email).toBe('alice@example.com')
    await confirmEmailFactor(account, { code: token! })
  }

  it('codes by email are turned on with a code, which also confirms the address', async () => {
    await expect(confirmEmailFactor(account, { code: 'AAAAA-AAAAA' })).rejects.toMatchObject(
      refused,
    )
    await turnOn()
    expect(await requiredFactors(account)).toEqual({ kinds: ['email'] })
    expect((await account.profile.get()).emailConfirmedAt).not.toBeNull()
    await removeEmailFactor(account)
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    expect(await requestEmailCode(account, {})).toBeUndefined()
  })

  it('a code by email is accepted once, within 15 minutes, and only the newest one', async () => {
    await turnOn()
    const { token: first } = (await requestEmailCode(account, {}))!
    expect(first).toMatch(typeable)
    // A code that was just sent stays valid, and no other is sent.
    expect(await requestEmailCode(account, {})).toEqual({ email: 'alice@example.com' })
    now += 30_000
    const { token: second } = (await requestEmailCode(account, {}))!
    await expect(show(first!)).rejects.toMatchObject(refused)
    await show(second!)
    await expect(show(second!)).rejects.toMatchObject(refused)
    const { token: third } = (await requestEmailCode(account, {}))!
    now += 15 * 60_000
    await expect(show(third!)).rejects.toMatchObject(refused)
  })
})

it('a code is not counted as wrong if no factor is being enrolled', async () => {
  const { codes } = await createRecoveryCodes(account)
  for (let n = 0; n < 10; n++) {
    const byMail = confirmEmailFactor(account, { code: 'AAAAA-AAAAA' })
    await expect(byMail).rejects.toMatchObject(refused)
    const byApp = confirmTotp(account, { code: '123456' })
    await expect(byApp).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  }
  await show(codes[0]!)
  expect((await listSecurityEvents(account)).events.map(({ kind }) => kind)).not.toContain(
    'second factor refused',
  )
})

it('codes for signing in are mailed fifteen times an hour', async () => {
  await addEmailFactor(account)
  const sent: boolean[] = []
  for (let n = 0; n < 20; n++) {
    sent.push((await requestEmailCode(account, {}))?.token !== undefined)
    now += 60_000
  }
  expect(sent).toEqual(Array.from({ length: 20 }, (_, n) => n < 15))
  now += 41 * 60_000
  expect(await requestEmailCode(account, {})).toHaveProperty('token')
})

it('no second factor is asked for after the admin has removed them all', async () => {
  await enrol()
  const { codes } = await createRecoveryCodes(account)
  expect(await removeFactors(account, {})).toEqual({ removed: ['totp'] })
  expect(await requiredFactors(account)).toEqual({ kinds: [] })
  await expect(show(codes[0]!)).rejects.toMatchObject(refused)
})

it('a code that a page showed signs in once', async () => {
  const { code } = await createPageCode(account)
  expect(code).toMatch(typeable)
  await show(code)
  await expect(show(code)).rejects.toMatchObject(refused)
})

it('ten wrong codes within an hour lock the factor, even if sent all at once', async () => {
  const { codes } = await createRecoveryCodes(account)
  const wrong = Array.from({ length: 14 }, () => show('AAAAA-AAAAA').catch((error) => error.status))
  const statuses = await Promise.all(wrong)
  expect(statuses.filter((status) => status === 400)).toHaveLength(10)
  now += 20 * 60_000
  const headers = { 'retry-after': String(40 * 60) }
  await expect(show(codes[0]!)).rejects.toMatchObject({ status: 429, headers })
  now += 40 * 60_000
  await show(codes[0]!)
})

it('a successful code resets the count of failures', async () => {
  const { codes } = await createRecoveryCodes(account)
  for (const code of codes.slice(0, 2)) {
    for (let i = 0; i < 9; i++) await expect(show('AAAAA-AAAAA')).rejects.toMatchObject(refused)
    await show(code)
  }
})
