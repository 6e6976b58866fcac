/** Binds the workflows that create, activate and delete accounts to the dependencies of this server. */
import { type ActivateDeps, activateAccount } from '#src/gateway/workflows/activate.ts'
import { type CreateAccountDeps, createAccount } from '#src/gateway/workflows/create-account.ts'
import { type DeletionDeps, deleteAccount } from '#src/gateway/workflows/delete-account.ts'
import {
  type MigrateInDeps,
  migrateIn,
  reserveSigningKey,
} from '#src/gateway/workflows/migrate-in.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

export type LifecycleDeps = CreateAccountDeps & MigrateInDeps & ActivateDeps & DeletionDeps

type Lifecycle = Pick<
  ServerContext,
  'createAccount' | 'reserveSigningKey' | 'activateAccount' | 'deleteAccount'
>

export function openLifecycle(deps: LifecycleDeps): Lifecycle {
  return {
    createAccount: (input, requester) => {
      const { did } = input
      const byAdmin = requester !== undefined && 'admin' in requester
      if (did === undefined) return createAccount(deps, input, { byAdmin })
      // The admin's password does not prove that the owner of the DID agrees.
      return migrateIn(deps, { ...input, did }, byAdmin ? undefined : requester?.did)
    },
    reserveSigningKey: (input) => reserveSigningKey(deps, input),
    activateAccount: (did) => activateAccount(deps, did),
    deleteAccount: (did) => deleteAccount(deps, did),
  }
}
