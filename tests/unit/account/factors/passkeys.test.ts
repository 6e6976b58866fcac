import { beforeEach, describe, expect, it } from 'vitest'
import { getFactorOverview } from '#src/account/factors/overview.ts'
import {
  beginPasskeyAssertion,
  beginPasskeyRegistration,
  finishPasskeyRegistration,
  removePasskey,
  userIdOf,
  verifyPasskey,
} from '#src/account/factors/passkeys.ts'
import { requiredFactors } from '#src/account/factors/second-step.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import { CHALLENGE_LIFETIME_MS } from '#src/rules/challenges.ts'
import { Authenticator } from '#tests/support/authenticator.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const origin = 'http://localhost'
const client = { ip: '192.0.2.7', userAgent: 'a browser' }
const refused = { status: 400, error: 'InvalidToken' }

let account: OpenAccount
let now: number

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  account = await openTestAccount()
  Object.assign(account.clock, { now: () => now })
})

async function add(passkey: Authenticator, name = 'laptop') {
  const response = passkey.register(await beginPasskeyRegistration(account))
  await finishPasskeyRegistration(account, { response, name, client })
}

function show(response: unknown) {
  return verifyPasskey(account, { response, effect: [] })
}

async function kinds() {
  return (await listSecurityEvents(account)).events.map(({ kind }) => kind)
}

describe('a passkey', () => {
  it('a passkey is asked for once it is registered, and signs in', async () => {
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    const passkey = new Authenticator({ origin })
    await add(passkey)
    expect(await requiredFactors(account)).toEqual({ kinds: ['passkey'] })
    const options = await beginPasskeyAssertion(account)
    expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
    expect(options.allowCredentials).toEqual([{ id: passkey.id, type: 'public-key' }])
    now += 1000
    await show(passkey.authenticate(options))
    expect((await getFactorOverview(account)).passkeys).toEqual([
      {
        id: passkey.id,
        name: 'laptop',
        createdAt: '2026-01-01T00:00:00.000Z',
        lastUsedAt: '2026-01-01T00:00:01.000Z',
      },
    ])
  })

  it('passkey registration names the account to the browser by its DID, or by a hash of a long DID', async () => {
    const { user } = await beginPasskeyRegistration(account)
    expect(Buffer.from(user.id, 'base64url').toString()).toBe(testDid)
    expect(user.name).toBe('alice.test')
    expect(userIdOf(`did:web:${'a'.repeat(80)}.example`)).toHaveLength(32)
  })

  it('a passkey challenge can be answered once', async () => {
    const passkey = new Authenticator({ origin })
    await add(passkey)
    const answer = passkey.authenticate(await beginPasskeyAssertion(account))
    await show(answer)
    await expect(show(answer)).rejects.toMatchObject(refused)
  })

  it('a passkey answer is rejected for a challenge that is too old or was made for a registration', async () => {
    const passkey = new Authenticator({ origin })
    await add(passkey)
    const options = await beginPasskeyAssertion(account)
    const other = await beginPasskeyRegistration(account)
    await expect(show(passkey.authenticate(other))).rejects.toMatchObject(refused)
    now += CHALLENGE_LIFETIME_MS
    await expect(show(passkey.authenticate(options))).rejects.toMatchObject(refused)
  })

  it.each([
    ['another site', { origin: 'http://evil.example' }],
    ['no user verification', { origin, verified: false }],
  ])('a passkey is rejected with %s, at registration too', async (_, terms) => {
    await expect(add(new Authenticator(terms))).rejects.toMatchObject(refused)
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
  })

  it("a passkey is rejected if its counter goes back, as a copy's does", async () => {
    const passkey = new Authenticator({ origin })
    passkey.counter = 5
    await add(passkey)
    passkey.counter = 6
    await show(passkey.authenticate(await beginPasskeyAssertion(account)))
    await expect(
      show(passkey.authenticate(await beginPasskeyAssertion(account))),
    ).rejects.toMatchObject(refused)
  })

  it('a passkey of another account is rejected', async () => {
    await add(new Authenticator({ origin }))
    const other = new Authenticator({ origin })
    await expect(
      show(other.authenticate(await beginPasskeyAssertion(account))),
    ).rejects.toMatchObject(refused)
    for (const rubbish of [null, 'x', {}, { id: 7 }, { id: 'x'.repeat(5000) }]) {
      await expect(show(rubbish)).rejects.toMatchObject(refused)
    }
  })

  it('a removed passkey is not asked for any more', async () => {
    const passkey = new Authenticator({ origin })
    await add(passkey)
    await removePasskey(account, { id: passkey.id, client })
    await removePasskey(account, { id: passkey.id, client })
    expect(await requiredFactors(account)).toEqual({ kinds: [] })
    expect(await kinds()).toEqual(['factor removed', 'factor added'])
  })

  it('a passkey cannot be registered twice', async () => {
    const passkey = new Authenticator({ origin })
    const response = passkey.register(await beginPasskeyRegistration(account))
    await finishPasskeyRegistration(account, { response, name: 'one' })
    await finishPasskeyRegistration(account, { response, name: 'two' })
    expect((await getFactorOverview(account)).passkeys).toHaveLength(1)
    const { excludeCredentials } = await beginPasskeyRegistration(account)
    expect(excludeCredentials).toEqual([{ id: passkey.id, type: 'public-key' }])
  })
})

it('wrong passkey answers never lock the owner out', async () => {
  const passkey = new Authenticator({ origin })
  await add(passkey)
  for (let i = 0; i < 20; i++) await expect(show({ id: 'x' })).rejects.toMatchObject(refused)
  await show(passkey.authenticate(await beginPasskeyAssertion(account)))
  expect(await kinds()).toEqual(['factor added'])
})
