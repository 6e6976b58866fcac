/** app.bsky methods of our own: access to preferences, and array parameters. */
import { describe, expect, it } from 'vitest'
import { methods, methodsWithoutAppView } from '#src/gateway/methods/table.ts'
import { normalizeListParams } from '#src/gateway/xrpc/validate-call.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import {
  asAccount,
  asAdmin,
  did,
  get,
  moderationServiceDid,
  openGateway,
  outcome,
  post,
} from '#tests/support/gateway.ts'

const getPreferences = 'app.bsky.actor.getPreferences'
const account = {
  preferences: {
    get: ({ fullAccess }: { fullAccess: boolean }) => ({ preferences: [{ fullAccess }] }),
    put: () => undefined,
  },
}

describe('getPreferences', () => {
  const reads = async (headers: Record<string, string>, query = '') => {
    const response = await get(openPreferences(), `${getPreferences}${query}`, headers)
    const { preferences, error } = (await response.json()) as {
      preferences?: { fullAccess: boolean }[]
      error?: string
    }
    return preferences?.[0]?.fullAccess ?? [response.status, error]
  }

  const { key } = newSigningKey()
  function openPreferences() {
    const gateway = openGateway({ account })
    const document = {
      id: moderationServiceDid,
      verificationMethod: [
        {
          ...{ id: '#atproto', type: 'Multikey', controller: moderationServiceDid },
          publicKeyMultibase: key.did().replace('did:key:', ''),
        },
      ],
    }
    const known = async () => document
    Object.assign(gateway.server.resolver, { resolve: known, refresh: known })
    return gateway
  }

  function asService(lxm = getPreferences, signer = key): Record<string, string> {
    const times = { iat: 1, exp: 4_000_000_000, jti: '0' }
    const claims = { iss: moderationServiceDid, aud: 'did:web:localhost', lxm, ...times }
    return { authorization: `Bearer ${createServiceToken(claims, signer)}` }
  }

  it("getPreferences returns all preferences to the account's own session and to the moderation service", async () => {
    expect(await reads(asAccount())).toBe(true)
    expect(await reads(asService(), `?did=${did}`)).toBe(true)
  })

  it('getPreferences hides full-access preferences from app passwords and from accounts that are taken down', async () => {
    for (const scope of ['appPass', 'appPassPrivileged', 'takendown']) {
      expect(await reads(asAccount(did, { scope: `com.atproto.${scope}` }))).toBe(false)
    }
  })

  it.each([
    ['an unauthenticated caller', {}, '', 401, 'AuthMissing'],
    ['the admin', asAdmin(), `?did=${did}`, 400, 'InvalidToken'],
    ['the service without a DID', asService(), '', 400, 'InvalidRequest'],
    [
      'the service with another method',
      asService('com.example.a'),
      `?did=${did}`,
      400,
      'InvalidToken',
    ],
    [
      'a token signed with another key',
      asService(getPreferences, newSigningKey().key),
      `?did=${did}`,
      400,
      'InvalidToken',
    ],
  ])('getPreferences refuses %s', async (_, headers, query, status, error) => {
    expect(await reads(headers, query)).toEqual([status, error])
  })

  it('getPreferences is not proxied for the moderation service', async () => {
    const headers = { ...asService(), 'atproto-proxy': 'did:web:other.example#bsky_appview' }
    expect(await reads(headers, `?did=${did}`)).toEqual([400, 'InvalidRequest'])
  })
})

describe('putPreferences', () => {
  it('putPreferences passes the access of the session to the account', async () => {
    const gateway = openGateway({ account })
    const preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }]
    const put = (headers: Record<string, string>) =>
      post(gateway, 'app.bsky.actor.putPreferences', { preferences }, headers)
    expect((await put(asAccount())).status).toBe(200)
    await put(asAccount(did, { scope: 'com.atproto.appPass' }))
    expect(gateway.calls.filter(([action]) => action === 'preferences.put')).toEqual([
      ['preferences.put', { preferences, fullAccess: true }],
      ['preferences.put', { preferences, fullAccess: false }],
    ])
    const takendown = put(asAccount(did, { scope: 'com.atproto.takendown' }))
    expect(await outcome(takendown)).toMatchObject({ status: 400, error: 'InvalidToken' })
  })
})

describe('without an AppView', () => {
  it('without an AppView the only app.bsky methods are those for preferences', () => {
    const ofBsky = [...methodsWithoutAppView.keys()].filter((nsid) => nsid.startsWith('app.bsky.'))
    expect(ofBsky.sort()).toEqual([getPreferences, 'app.bsky.actor.putPreferences'])
    const others = [...methods.keys()].filter((nsid) => !nsid.startsWith('app.bsky.'))
    expect([...methodsWithoutAppView.keys()]).toEqual(expect.arrayContaining(others))
  })
})

describe('array parameters', () => {
  it.each([
    ['a=1&a=2', 'a=1&a=2'],
    ['a[]=1&a%5B%5D=2', 'a=1&a=2'],
    ['a[0]=1&a%5b12%5d=2&b=[3]', 'a=1&a=2&b=[3]'],
  ])('array parameters may be spelled %s', (query, plain) => {
    expect(normalizeListParams(query)).toBe(plain)
  })
})
