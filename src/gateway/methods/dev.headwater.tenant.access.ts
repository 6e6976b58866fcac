/** dev.headwater.tenant: API keys and admins. API keys may not call these methods. */
import { isIP } from 'node:net'
import { invalidRequest } from '#src/errors.ts'
import { isRange } from '#src/gateway/http/client-address.ts'
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { newApiKey } from '#src/gateway/tenants/api-key.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { parseTenantRole, parseTenantScopes } from '#src/rules/tenants.ts'

export const createKey = method(tenant.createKey, {
  auth: 'tenant',
  run: async ({ caller, input, server }) => {
    const { id, by } = caller.tenant
    const { name, addresses = [], expiresAt } = input
    const wrong = addresses.find((text) => isIP(text) === 0 && !isRange(text))
    if (wrong !== undefined) throw invalidRequest(`Not an address or a range: ${wrong}`)
    const { key, prefix, hash } = newApiKey(id)
    const stored = {
      ...{ prefix, hash, name, scopes: parseTenantScopes(input.scopes), addresses },
      expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
    }
    const detail = JSON.stringify({ name, scopes: stored.scopes, addresses, expiresAt })
    const audit = { actor: by, action: 'createKey', target: prefix, detail }
    const view = await server.dispatch.tenant(id).keys.create({ key: stored, audit })
    return { ...view, key }
  },
})

export const listKeys = method(tenant.listKeys, {
  auth: 'tenant',
  run: async ({ caller, server }) => ({
    keys: await server.dispatch.tenant(caller.tenant.id).keys.list(),
  }),
})

export const deleteKey = method(tenant.deleteKey, {
  auth: 'tenant',
  run: async ({ caller, input: { prefix }, server }) => {
    const { id, by } = caller.tenant
    const audit = { actor: by, action: 'deleteKey', target: prefix }
    await server.dispatch.tenant(id).keys.delete({ prefix, audit })
    return undefined
  },
})

export const listAdmins = method(tenant.listAdmins, {
  auth: 'tenant',
  run: async ({ caller, server }) => ({
    admins: await server.dispatch.directory.tenants.listAdmins({ tenant: caller.tenant.id }),
  }),
})

export const putAdmin = method(tenant.putAdmin, {
  auth: 'tenant',
  run: async (call) => {
    const { did } = call.input
    const role = parseTenantRole(call.input.role)
    if (!isAtprotoDid(did)) throw invalidRequest(`Not a DID: ${did}`)
    await addAudit(call, 'putAdmin', { target: did, role })
    const { tenants } = call.server.dispatch.directory
    await tenants.putAdmin({ tenant: call.caller.tenant.id, did, role })
    return undefined
  },
})

export const deleteAdmin = method(tenant.deleteAdmin, {
  auth: 'tenant',
  run: async (call) => {
    const { did } = call.input
    await addAudit(call, 'deleteAdmin', { target: did })
    await call.server.dispatch.directory.tenants.deleteAdmin({ tenant: call.caller.tenant.id, did })
    return undefined
  },
})
