/** The authorization server itself: @atproto/oauth-provider on our stores, with the operator's branding. */

import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import { AccessTokenMode, type OAuthProvider } from '@atproto/oauth-provider/provider'
import { XrpcError } from '#src/errors.ts'
import { accountStore } from '#src/gateway/oauth/account-store.ts'
import { emailTokenFlows } from '#src/gateway/oauth/email-token-flows.ts'
import { IntrospectingProvider } from '#src/gateway/oauth/introspection.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { accessTokenKey, type OAuthKeys } from '#src/gateway/oauth/resource-server.ts'
import { securityLink } from '#src/gateway/oauth/second-factor.ts'
import {
  deviceStore,
  lexiconStore,
  replayStore,
  requestStore,
} from '#src/gateway/oauth/shared-stores.ts'
import { tokenStore } from '#src/gateway/oauth/token-store.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { createLexResolver, type LocalRecord } from '#src/ports/lexicon-resolver.ts'

/** What the operator says of it; see config/oauth.ts. */
export interface OAuthProviderConfig {
  branding: NonNullable<ConstructorParameters<typeof OAuthProvider>[0]['branding']>
  trustedClients: readonly string[]
  lexiconAuthorityDid: string | undefined
  hcaptcha: { siteKey: string; secretKey: string; tokenSalt: string } | undefined
}

/** How often somebody at an address may do what a method of the same kind does; rejects where that was too often. */
export type AttemptLimiter = (
  nsid: string,
  attempt: { address: string; input: unknown },
) => Promise<void>

export interface ProviderPorts {
  server: ServerContext
  accounts: ProviderAccounts
  keys: OAuthKeys
  config: OAuthProviderConfig
  plcUrl: string
  limitAttempts: AttemptLimiter
}

export async function openProvider(ports: ProviderPorts): Promise<IntrospectingProvider> {
  const { server, accounts, keys, config, limitAttempts } = ports
  const { dispatch, backgroundTasks, service } = server
  const { issuer, dpopSecret } = keys
  const safeFetch: typeof globalThis.fetch = (input, init) =>
    // Nobody's metadata is what somebody else's address says.
    server.fetch(input, { redirect: 'error', ...init })
  const signOut = async (did: string, deviceId: string) => {
    await (await accounts.find(did))?.oauth.signOutOfDevice({ deviceId })
  }
  const { domains } = await server.handleRules()
  return new IntrospectingProvider({
    issuer,
    keyset: [await accessTokenKey(keys)],
    dpopSecret,
    accountStore: { ...accountStore(server, accounts), ...emailTokenFlows(server, accounts) },
    requestStore: requestStore(dispatch),
    deviceStore: deviceStore(dispatch, signOut),
    lexiconStore: lexiconStore(dispatch),
    replayStore: replayStore(dispatch),
    tokenStore: tokenStore({ dispatch, accounts, backgroundTasks }),
    safeFetch,
    lexResolver: await createLexResolver({
      fetch: safeFetch,
      plcUrl: ports.plcUrl,
      authorityDid: config.lexiconAuthorityDid,
      findLocal: (did, path) => recordHere(accounts, did, path),
    }),
    inviteCodeRequired: service.inviteRequired,
    availableUserDomains: [...domains],
    ...(config.hcaptcha && { hcaptcha: config.hcaptcha }),
    branding: {
      ...config.branding,
      links: [...(config.branding.links ?? []), securityLink(service.publicUrl)],
    },
    metadata: { protected_resources: [new URL(issuer).origin as `https://${string}`] },
    // Tokens do not say what they are good for: the account does, so that it can take it back at once.
    accessTokenMode: AccessTokenMode.stateful,
    getClientInfo: (clientId) => ({ isTrusted: config.trustedClients.includes(clientId) }),
    ...countedHooks(limitAttempts),
  })
}

/** A record of an account of this server; undefined where the account is elsewhere. */
async function recordHere(
  people: ProviderAccounts,
  did: string,
  path: { collection: string; rkey: string },
): Promise<LocalRecord | undefined> {
  const account = await people.find(did)
  if (account === undefined) return undefined
  const { json } = await account.repo.getRecord(path)
  const { cid, value } = JSON.parse(json) as { cid: string; value: unknown }
  return { cid, json: value }
}

/** Guessing passwords and codes is no easier here than by the methods that do the same. */
function countedHooks(count: AttemptLimiter) {
  const counted = async (nsid: string, address: string, input: unknown = {}) => {
    try {
      await count(`com.atproto.server.${nsid}`, { address, input })
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      throw new InvalidRequestError('Too many attempts, try again later', error)
    }
  }
  type Attempt = { deviceMetadata: { ipAddress: string } }
  return {
    onSignInAttempt: ({ data, deviceMetadata }: Attempt & { data: { username: string } }) =>
      counted('createSession', deviceMetadata.ipAddress, { identifier: data.username }),
    onSignUpAttempt: ({ deviceMetadata }: Attempt) =>
      counted('createAccount', deviceMetadata.ipAddress),
    onResetPasswordRequest: ({ deviceMetadata }: Attempt) =>
      counted('requestPasswordReset', deviceMetadata.ipAddress),
    onResetPasswordConfirm: ({ deviceMetadata }: Attempt) =>
      counted('resetPassword', deviceMetadata.ipAddress),
    onDeleteAccountConfirm: ({ deviceMetadata }: Attempt) =>
      counted('deleteAccount', deviceMetadata.ipAddress),
  }
}
