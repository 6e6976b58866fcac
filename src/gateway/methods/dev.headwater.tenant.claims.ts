/** dev.headwater.tenant: links by which users take over accounts that a platform has created for them. */
import { invalidRequest } from '#src/errors.ts'
import { addAudit, mustBeCustodial, mustOwn } from '#src/gateway/methods/tenant-methods.ts'
import { newClaimLink } from '#src/gateway/pages/claim-path.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const WEEK_SECONDS = 7 * 24 * 60 * 60

export const createClaim = method(tenant.createClaim, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { account: name, expiresIn = WEEK_SECONDS } = call.input
    const { dispatch, service } = call.server
    const { did, kind } = await mustOwn(
      call,
      name.startsWith('did:') ? { did: name } : { handle: name },
    )
    if (kind === 'group') {
      throw invalidRequest('A group is not claimed: offer its ownership to a member')
    }
    await mustBeCustodial(call, did)
    await addAudit(call, 'createClaim', { target: did })
    const { url, hash } = newClaimLink(service.publicUrl, did)
    const expiresAt = Date.now() + expiresIn * 1000
    await dispatch.account(did).claim.create({ hash, expiresAt })
    return { url, expiresAt: isoTime(expiresAt) }
  },
})
