/** How accounts of this server come, wake up and go, put together of what the server is. */
import { type ActivateDeps, activateAccount } from '#src/lifecycle/activate.ts'
import { type ArriveDeps, arrive, reserveSigningKey } from '#src/lifecycle/arrive.ts'
import { type CreateAccountDeps, createAccount } from '#src/lifecycle/create-account.ts'
import { type DeletionDeps, deleteAccount } from '#src/lifecycle/delete-account.ts'
import type { Surface } from '#src/xrpc/surface.ts'

export type LifecycleDeps = CreateAccountDeps & ArriveDeps & ActivateDeps & DeletionDeps

type Lifecycle = Pick<
  Surface,
  'createAccount' | 'reserveSigningKey' | 'activateAccount' | 'deleteAccount'
>

export function openLifecycle(deps: LifecycleDeps): Lifecycle {
  return {
    createAccount: (input, requester) => {
      const { did } = input
      return did === undefined
        ? createAccount(deps, input)
        : arrive(deps, { ...input, did }, requester)
    },
    reserveSigningKey: (input) => reserveSigningKey(deps, input),
    activateAccount: (did) => activateAccount(deps, did),
    deleteAccount: (did) => deleteAccount(deps, did),
  }
}
