import { expect, it } from 'vitest'
import { isLimited } from '#src/gateway/group/limited-tokens.ts'
import { asAccount, did, get, openGateway } from '#tests/support/gateway.ts'

const lxm = 'com.atproto.repo.createRecord'
const own = 'did:web:localhost'

async function asked(aud: string, scope: string) {
  const gateway = openGateway({ account: { service: { getServiceAuth: () => ({ token: 't' }) } } })
  const query = `com.atproto.server.getServiceAuth?aud=${encodeURIComponent(aud)}&lxm=${lxm}`
  expect((await get(gateway, query, asAccount(did, { scope }))).status).toBe(200)
  return gateway.calls.find(([name]) => name === 'service.getServiceAuth')![1]
}

it('a token for this server says if an app password has got it, and one for another server does not', async () => {
  const appPassword = 'com.atproto.appPassPrivileged'
  expect(await asked(own, appPassword)).toEqual({ aud: own, lxm, isLimited: true })
  expect(await asked(`${own}#group`, appPassword)).toMatchObject({ isLimited: true })
  const other = 'did:web:api.example.com'
  expect(await asked(other, appPassword)).toEqual({ aud: other, lxm })
  expect(await asked(own, 'com.atproto.access')).toEqual({ aud: own, lxm })
})

it('a token is limited if the app has no scope of its own for the method', () => {
  const ofApp = (scopes: string) => {
    const caller = { did, scope: 'oauth', scopes, permissions: {} as never }
    return isLimited(caller, { aud: `${own}#group`, lxm })
  }
  expect(ofApp(`atproto rpc:${lxm}?aud=${own}%23group`)).toBe(false)
  expect(ofApp(`atproto rpc:*?aud=${own}%23group`)).toBe(false)
  expect(ofApp('atproto transition:generic')).toBe(true)
  expect(ofApp('atproto repo:*')).toBe(true)
})
