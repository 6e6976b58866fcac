/** Accounts as the provider knows them. */
import type { Account, AuthorizedClientData, Did } from '@atproto/oauth-provider/store'
import type { AccountSummary } from '#src/account/oauth/account-summary.ts'
import type { AuthorizedClients } from '#src/account/oauth/devices-and-clients.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { imageUrl } from '#src/gateway/read-after-write/local-viewer.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { may } from '#src/rules/states.ts'

export type RemoteAccount = ReturnType<Dispatch['account']>

export interface ProviderAccounts {
  /** The account of a DID, if it is one of this server: whoever names another makes no actor. */
  find(did: string): Promise<RemoteAccount | undefined>
  /** Undefined for one that may not sign in. */
  toAccount(person: AccountSummary): Account | undefined
}

export function openProviderAccounts(
  { dispatch, service, services }: Pick<ServerContext, 'dispatch' | 'service' | 'services'>,
  findAccount: FindAccount,
): ProviderAccounts {
  return {
    find: async (did) => {
      const known = await findAccount(did)
      return known === undefined ? undefined : dispatch.account(known)
    },
    toAccount(person) {
      const { did, handle, email, emailConfirmed, status, displayName, avatar } = person
      if (!may('logIn', status)) return undefined
      const picture = imageUrl({ did, services, publicUrl: service.publicUrl }, 'avatar', avatar)
      return {
        did: did as Did,
        // The audience of its tokens.
        pds: service.did as Did,
        deactivated: status === 'deactivated',
        ...(email !== null && { email, emailVerified: emailConfirmed }),
        ...(handle !== null && { handle: handle as `${string}.${string}` }),
        ...(displayName !== undefined && { name: displayName }),
        ...(picture !== undefined && { picture }),
      }
    },
  }
}

export function authorizedClientsOf(known: AuthorizedClients): Map<string, AuthorizedClientData> {
  return new Map(
    Object.entries(known).map(([id, data]) => [id, JSON.parse(data) as AuthorizedClientData]),
  )
}
