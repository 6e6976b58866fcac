/** Binds the workflows that create, activate and delete accounts to the dependencies of this server. */

import { blockOf } from '#src/gateway/http/client-address.ts'
import { type ActivatePorts, activateAccount } from '#src/gateway/workflows/activate.ts'
import { type CreateAccountPorts, createAccount } from '#src/gateway/workflows/create-account.ts'
import { type DeletionPorts, deleteAccount } from '#src/gateway/workflows/delete-account.ts'
import {
  type MigrateInPorts,
  migrateIn,
  reserveSigningKey,
} from '#src/gateway/workflows/migrate-in.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { SignUps } from '#src/gateway/xrpc/sign-ups.ts'

export type LifecyclePorts = CreateAccountPorts &
  MigrateInPorts &
  ActivatePorts &
  DeletionPorts & { signUps: SignUps }

type Lifecycle = Pick<
  ServerContext,
  'createAccount' | 'createGroup' | 'reserveSigningKey' | 'activateAccount' | 'deleteAccount'
>

export function openLifecycle(ports: LifecyclePorts): Lifecycle {
  return {
    createAccount: (input, requester, address) => {
      const { did } = input
      const byAdmin = requester !== undefined && 'admin' in requester
      const network = byAdmin || address === undefined ? undefined : blockOf(address)
      const from = { ...(network !== undefined && { network }) }
      const create = () => {
        if (did === undefined) return createAccount(ports, input, { byAdmin, ...from })
        // The admin's password does not prove that the owner of the DID agrees.
        const owner = byAdmin ? undefined : requester?.did
        return migrateIn(ports, { ...input, did }, owner, from)
      }
      // The directory checks an invite code, also if none is required.
      return byAdmin || input.inviteCode ? create() : ports.signUps.count(address, create)
    },
    createGroup: async (input, newGroup, address) => {
      const from = address === undefined ? {} : { network: blockOf(address) }
      const create = () => createAccount(ports, input, { newGroup, ...from })
      const { did, handle } = await ports.signUps.count(address, create)
      return { did, handle }
    },
    reserveSigningKey: (input) => reserveSigningKey(ports, input),
    activateAccount: (did, by) => activateAccount(ports, did, by),
    deleteAccount: (did) => deleteAccount(ports, did),
  }
}
