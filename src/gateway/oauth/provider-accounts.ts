/** Accounts as the provider knows them. */
import type { Account, AuthorizedClientData, Did } from '@atproto/oauth-provider/store'
import type { Person } from '#src/account/oauth/account-summary.ts'
import type { KnownClients } from '#src/account/oauth/signed-in.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { imageUrl } from '#src/gateway/read-after-write/viewer.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { Surface } from '#src/gateway/xrpc/server-context.ts'
import { may } from '#src/rules/states.ts'

export type AccountCalls = ReturnType<Dispatch['account']>

export interface People {
  /** The account of a DID, if it is one of this server: whoever names another makes no actor. */
  find(did: string): Promise<AccountCalls | undefined>
  /** Undefined for one that may not sign in. */
  shown(person: Person): Account | undefined
}

export function openPeople(
  { dispatch, service, services }: Pick<Surface, 'dispatch' | 'service' | 'services'>,
  findAccount: FindAccount,
): People {
  return {
    find: async (did) => {
      const known = await findAccount(did)
      return known === undefined ? undefined : dispatch.account(known)
    },
    shown(person) {
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

export function clientsOf(known: KnownClients): Map<string, AuthorizedClientData> {
  return new Map(
    Object.entries(known).map(([id, data]) => [id, JSON.parse(data) as AuthorizedClientData]),
  )
}
