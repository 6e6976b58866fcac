/** Binds the workflows that create, activate and delete accounts to the dependencies of this server. */
import { type ActivatePorts, activateAccount } from '#src/gateway/workflows/activate.ts'
import { type CreateAccountPorts, createAccount } from '#src/gateway/workflows/create-account.ts'
import { type DeletionPorts, deleteAccount } from '#src/gateway/workflows/delete-account.ts'
import {
  type MigrateInPorts,
  migrateIn,
  reserveSigningKey,
} from '#src/gateway/workflows/migrate-in.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

export type LifecyclePorts = CreateAccountPorts & MigrateInPorts & ActivatePorts & DeletionPorts

type Lifecycle = Pick<
  ServerContext,
  'createAccount' | 'reserveSigningKey' | 'activateAccount' | 'deleteAccount'
>

export function openLifecycle(ports: LifecyclePorts): Lifecycle {
  return {
    createAccount: (input, requester) => {
      const { did } = input
      const byAdmin = requester !== undefined && 'admin' in requester
      if (did === undefined) return createAccount(ports, input, { byAdmin })
      // The admin's password does not prove that the owner of the DID agrees.
      return migrateIn(ports, { ...input, did }, byAdmin ? undefined : requester?.did)
    },
    reserveSigningKey: (input) => reserveSigningKey(ports, input),
    activateAccount: (did) => activateAccount(ports, did),
    deleteAccount: (did) => deleteAccount(ports, did),
  }
}
