/** dev.headwater.admin: what follows a new host name of this server. */
import { invalidRequest } from '#src/errors.ts'
import { changeEndpoint } from '#src/gateway/identity/change-endpoint.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'

export const updateAccountEndpoint = method(admin.updateAccountEndpoint, {
  auth: 'admin',
  of: ({ input }) => input.did,
  unknown: () => invalidRequest('Account not found', 'AccountNotFound'),
  run: async ({ did, input: { from, fromDomain, toDomain, dryRun = false }, server }) => {
    if ((fromDomain === undefined) !== (toDomain === undefined)) {
      throw invalidRequest('Give both fromDomain and toDomain, or neither')
    }
    const domains =
      fromDomain === undefined || toDomain === undefined
        ? undefined
        : { from: fromDomain, to: toDomain }
    const { accounts } = server.dispatch.directory
    const findHandle = (identifier: string) => accounts.find({ identifier })
    const ports = { ...server.identity, findHandle }
    return { did, ...(await changeEndpoint(ports, { did, from, domains, dryRun })) }
  },
})
