/**
 * This server as the old one of a group that moves away: the code is mailed to the owner that moves it, and only that owner can
 * use it. All other steps are the account's own, so that they are completed even if the owners have changed.
 */
import { mailPlcCode } from '#src/gateway/group/plc-code.ts'
import { mustBeSigner, signPlcOperation } from '#src/gateway/identity/plc-requests.ts'
import type { XrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

export type OwnerPorts = Pick<
  ServerContext,
  'dispatch' | 'identity' | 'mailer' | 'service' | 'tenantBrand'
>

export function byOwner(
  server: OwnerPorts,
  did: string,
  by: ActingMember,
): Pick<XrpcServer, 'procedure'> {
  const group = server.dispatch.account(did)
  return {
    async procedure(nsid, input = {}) {
      if (nsid === 'com.atproto.identity.requestPlcOperationSignature') {
        await mustBeSigner(server.identity, did)
        await mailPlcCode(server, group, by)
        return {}
      }
      const { token = '', ...changes } = input as { token?: string }
      const consume = () => asMember(group, by).identity.consumePlcToken({ token })
      return { operation: await signPlcOperation(server.identity, did, changes, consume) }
    },
  }
}
