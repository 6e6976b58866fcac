/** What is written to the audit log of a tenant, by its own calls and by the operator's. */
import { describe, expect, it } from 'vitest'
import { asAdmin, get, post } from '#tests/support/gateway.ts'
import { openTwoTenants } from '#tests/support/two-tenants.ts'

interface Row {
  actor: string
  action: string
  target: string | null
  detail: string | null
}

async function open() {
  const opened = await openTwoTenants()
  const { gateway, tenants, keys } = opened
  const byKey = { authorization: `Bearer ${keys.get('roomy')}` }
  const rows = async (id: string) => {
    const all = await tenants
      .get(id)!
      .sql.all<Row>("SELECT * FROM audit WHERE action <> 'createKey' ORDER BY id")
    return all.map(({ actor, action, target, detail }) => {
      return { actor, action, target, ...(JSON.parse(detail ?? '{}') as object) }
    })
  }
  return {
    ...{ ...opened, rows },
    asOperator: async (method: string, input: object) => {
      const nsid = `dev.headwater.admin.${method}`
      return (await post(gateway, nsid, input, asAdmin())).status
    },
    asTenant: async (method: string, input?: object) => {
      const nsid = `dev.headwater.${method}`
      const call = input ? post(gateway, nsid, input, byKey) : get(gateway, nsid, byKey)
      return (await call).status
    },
  }
}

describe('the audit log of a tenant', () => {
  it('has its creation and its changes by the operator', async () => {
    const { asOperator, rows } = await open()
    const quotas = { accounts: 5 }
    expect(await asOperator('createTenant', { id: 'third', name: 'Third', quotas })).toBe(200)
    expect(await asOperator('updateTenant', { id: 'third', did: 'did:web:a.example' })).toBe(200)
    const byOperator = { actor: 'operator', target: 'third' }
    expect(await rows('third')).toEqual([
      { ...byOperator, action: 'createTenant', name: 'Third', quotas },
      { ...byOperator, action: 'updateTenant', did: 'did:web:a.example' },
    ])
  })

  it('is not begun by a change of a tenant that does not exist', async () => {
    const { asOperator, tenants } = await open()
    expect(await asOperator('updateTenant', { id: 'third', name: 'Third' })).toBe(400)
    expect(tenants.has('third')).toBe(false)
  })

  it('has the changes of its webhooks, without their secrets', async () => {
    const { asTenant, rows } = await open()
    const url = 'https://roomy.example/'
    const secret = `whsec_${'A'.repeat(44)}`
    expect(await asTenant('webhook.createEndpoint', { url, secret })).toBe(200)
    expect(await asTenant('webhook.updateEndpoint', { id: 'we_a', enabled: false })).toBe(200)
    expect(await asTenant('webhook.rotateSecret', { id: 'we_a', secret })).toBe(200)
    expect(await asTenant('webhook.redeliver', { id: 'we_a', messageId: 'msg_1' })).toBe(200)
    expect(await asTenant('webhook.replay', { id: 'we_a', since: '2026-01-01T00:00:00Z' })).toBe(
      200,
    )
    expect(await asTenant('webhook.deleteEndpoint', { id: 'we_a' })).toBe(200)
    const all = await rows('roomy')
    expect(all).toMatchObject([
      { action: 'createEndpoint', target: expect.stringMatching(/^we_/), url },
      { action: 'updateEndpoint', target: 'we_a', enabled: false },
      { action: 'rotateSecret', target: 'we_a' },
      { action: 'redeliver', messageId: 'msg_1' },
      { action: 'replay' },
      { action: 'deleteEndpoint', target: 'we_a' },
    ])
    expect(JSON.stringify(all)).not.toContain(secret)
  })

  it('has who has read the email addresses of its accounts', async () => {
    const { asTenant, rows } = await open()
    expect(await asTenant('tenant.listAccounts')).toBe(200)
    expect(await asTenant('tenant.listAccounts')).toBe(200)
    expect(await asTenant('tenant.getAccount?externalId=account+of+roomy')).toBe(200)
    expect(await rows('roomy')).toMatchObject([
      { action: 'listAccounts', actor: expect.stringMatching(/^hw_roomy_/) },
      { action: 'getAccount' },
    ])
  })
})
