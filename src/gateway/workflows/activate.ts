/** Activates an account, once its DID points to this server (com.atproto.server.activateAccount). */

import type { StateChange } from '#src/account/lifecycle/change-state.ts'
import { invalidRequest } from '#src/errors.ts'
import { type DidCheckPorts, mustPointHere } from '#src/gateway/identity/did-check.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

export interface ActivatePorts extends DidCheckPorts {
  dispatch: {
    account(did: string): {
      lifecycle: { changeState(change: StateChange): Promise<unknown> }
      identity: { getIdentity(): Promise<{ signingKeyDid: string; status: string }> }
    }
  }
}

/**
 * Activates the account and sequences #account, #identity and #sync. Throws 400 AccountNotFound if there is no such
 * account or it has been taken down, 400 InvalidRequest as `mustPointHere`. `by` is the member of a group that does it.
 */
export async function activateAccount(
  ports: ActivatePorts,
  did: string,
  by?: ActingMember,
): Promise<void> {
  const own = ports.dispatch.account(did)
  const account = by === undefined ? own : asMember(own, by)
  const { signingKeyDid, status } = await account.identity.getIdentity()
  await mustPointHere(ports, { did, signingKey: signingKeyDid })
  if (status === 'takendown') throw invalidRequest('user not found', 'AccountNotFound')
  await account.lifecycle.changeState({ active: true })
}
