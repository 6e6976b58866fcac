/** dev.headwater.tenant: links by which users take over the accounts that a platform has created for them. */
import { invalidRequest } from '#src/errors.ts'
import { mustOwn, note } from '#src/gateway/methods/tenant-methods.ts'
import { newClaimLink } from '#src/gateway/pages/claim-path.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const createClaim = method(tenant.createClaim, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { account: name, expiresIn = 604_800 } = call.input
    const { dispatch, service } = call.server
    const { did, kind } = await mustOwn(
      call,
      name.startsWith('did:') ? { did: name } : { handle: name },
    )
    if (kind === 'group') {
      throw invalidRequest('A group has members: its ownership is offered to one of them')
    }
    await note(call, 'createClaim', { target: did })
    const { url, hash } = newClaimLink(service.publicUrl, did)
    const expiresAt = Date.now() + expiresIn * 1000
    await dispatch.account(did).claim.create({ hash, expiresAt })
    return { url, expiresAt: new Date(expiresAt).toISOString() }
  },
})
