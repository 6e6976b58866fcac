/** Whose webhooks a credential stands for. */
import { expect, it } from 'vitest'
import { methods } from '#src/gateway/methods/table.ts'
import { newApiKey } from '#src/gateway/tenants/api-key.ts'
import { createKey } from '#src/tenants/api-keys.ts'
import { asAdmin, get } from '#tests/support/gateway.ts'
import { openTwoTenants, thingsOf } from '#tests/support/two-tenants.ts'

const nsid = 'dev.headwater.webhook.listEndpoints'
const roomy = thingsOf('roomy').ownDid

async function open() {
  const opened = await openTwoTenants()
  const { gateway, webhookOwners, tokenFor, keys } = opened
  return {
    ...opened,
    token: { authorization: tokenFor(roomy, nsid) },
    key: { authorization: `Bearer ${keys.get('roomy')}` },
    /** The owners that were asked, or the status of a refusal. */
    async ask(headers: Record<string, string>) {
      const { status } = await get(gateway, nsid, headers)
      return status === 200 ? webhookOwners.splice(0) : status
    },
  }
}

it('the operator has those of the server, or of the tenant that is named', async () => {
  const { ask } = await open()
  expect(await ask(asAdmin())).toEqual(['server'])
  expect(await ask({ ...asAdmin(), tenant: 'roomy' })).toEqual(['tenant roomy'])
})

it('a tenant has its own, by token and by key, and no other', async () => {
  const { ask, token, key } = await open()
  expect(await ask(token)).toEqual(['tenant roomy'])
  expect(await ask(key)).toEqual(['tenant roomy'])
  expect(await ask({ ...token, tenant: 'second' })).toBe(403)
  expect(await ask({ ...key, tenant: 'second' })).toBe(403)
})

it('a key without the scope webhooks has none, nor has a caller without credentials', async () => {
  const { ask, tenants } = await open()
  const { key, prefix, hash } = newApiKey('roomy')
  const more = { name: 'a', scopes: ['accounts:read' as const], addresses: [], expiresAt: null }
  const audit = { actor: 'operator', action: 'createKey' }
  await createKey(tenants.get('roomy')!, { key: { prefix, hash, ...more }, audit })
  expect(await ask({ authorization: `Bearer ${key}` })).toBe(403)
  expect(await ask({})).toBe(401)
})

it('every method of webhooks is for the operator or a tenant', () => {
  const own = [...methods.values()].filter((one) => one.nsid.startsWith('dev.headwater.webhook.'))
  expect(own.length).toBeGreaterThan(0)
  for (const { auth, tenantScope } of own) {
    expect({ auth, tenantScope }).toEqual({ auth: 'admin or tenant', tenantScope: 'webhooks' })
  }
})
