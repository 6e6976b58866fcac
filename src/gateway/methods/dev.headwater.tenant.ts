/** dev.headwater.tenant: a platform looks at itself. */
import { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const getTenant = method(tenant.getTenant, {
  auth: 'tenant',
  tenantScope: 'any',
  run: async ({ caller }) => tenantView(caller.tenant),
})
