/** The accounts of this server in the shape of the OAuth library. */
import type { Account, AuthorizedClientData, Did } from '@atproto/oauth-provider/store'
import type { AccountSummary } from '#src/account/oauth/account-summary.ts'
import type { AuthorizedClients } from '#src/account/oauth/devices-and-clients.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import type { WakeFor } from '#src/engine/wake-limit.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { imageUrl } from '#src/gateway/read-after-write/local-viewer.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { may } from '#src/rules/states.ts'

export interface ProviderAccounts {
  /**
   * The account of a DID that a request names, by a cookie for example: the account checks whether it may.
   * Undefined if it is not hosted here: no actor is created for a foreign DID.
   */
  find(did: string, wakeFor?: WakeFor): Promise<RemoteAccount | undefined>
  /** As `find`, for a request with a token or code of the account that only this server could issue. */
  findByToken(did: string): Promise<RemoteAccount | undefined>
  /** Undefined if the account may not sign in. */
  toAccount(summary: AccountSummary): Account | undefined
}

export function openProviderAccounts(
  { dispatch, service, services }: Pick<ServerContext, 'dispatch' | 'service' | 'services'>,
  findAccount: FindAccount,
): ProviderAccounts {
  return {
    find: async (did, wakeFor = 'sign in') => {
      const found = await findAccount(did)
      const { network } = requestContext().client
      return found === undefined ? undefined : dispatch.account(found, network, wakeFor)
    },
    findByToken: async (did) => {
      const found = await findAccount(did)
      return found === undefined ? undefined : dispatch.account(found)
    },
    toAccount(summary) {
      const { did, handle, email, emailConfirmed, status, displayName, avatar } = summary
      if (!may('logIn', status)) return undefined
      const picture = imageUrl({ did, services, publicUrl: service.publicUrl }, 'avatar', avatar)
      return {
        did: did as Did,
        // The audience of the account's tokens.
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

export function authorizedClientsOf(clients: AuthorizedClients): Map<string, AuthorizedClientData> {
  return new Map(
    Object.entries(clients).map(([id, data]) => [id, JSON.parse(data) as AuthorizedClientData]),
  )
}
