/** The OAuth authorization server: @atproto/oauth-provider on our stores, with the operator's branding. */

import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import { AccessTokenMode } from '@atproto/oauth-provider/provider'
import type { RequestStore } from '@atproto/oauth-provider/store'
import type { OAuthConfig } from '#src/config/oauth.ts'
import { XrpcError } from '#src/errors.ts'
import { accountStore } from '#src/gateway/oauth/account-store.ts'
import {
  clientMetadataFetch,
  documentFetch,
  exposeRefusals,
} from '#src/gateway/oauth/bounded-fetch.ts'
import type { DeviceGroups } from '#src/gateway/oauth/device-groups.ts'
import { emailTokenFlows } from '#src/gateway/oauth/email-token-flows.ts'
import { actClaim } from '#src/gateway/oauth/group-provider.ts'
import { IntrospectingProvider } from '#src/gateway/oauth/introspection.ts'
import { limitedLookups } from '#src/gateway/oauth/limited-lookups.ts'
import { forAccountItself } from '#src/gateway/oauth/member-account-area.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { derivedCodes, repeatConsents } from '#src/gateway/oauth/repeated-consent.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { accessTokenKey, type OAuthKeys } from '#src/gateway/oauth/resource-server.ts'
import { securityLink } from '#src/gateway/oauth/second-factor.ts'
import {
  deviceStore,
  type FindCountedAddress,
  lexiconStore,
  replayStore,
  requestStore,
} from '#src/gateway/oauth/shared-stores.ts'
import { tokenStore } from '#src/gateway/oauth/token-store.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { KeySlots } from '#src/ports/key-slots.ts'
import { createLexResolver, type LocalRecord } from '#src/ports/lexicon-resolver.ts'

/** Fetches of client metadata in progress, each of at most 64 KiB. An account page shows up to 500 apps. */
const metadataSlots = { max: 256, maxPerKey: 16, maxWaitingPerKey: 500 }
/** Lookups of permission sets in progress; a request has at most 20. */
const lookupSlots = { max: 256, maxPerKey: 20, maxWaitingPerKey: 200 }

/** Rejects with 429. */
export type AttemptLimiter = (
  nsid: string,
  attempt: { address: string; input: unknown },
) => Promise<void>

export interface ProviderPorts {
  server: ServerContext
  accounts: ProviderAccounts
  groups: DeviceGroups
  keys: OAuthKeys
  config: OAuthConfig
  plcUrl: string
  limitAttempts: AttemptLimiter
  countedAddress: FindCountedAddress
}

export async function openProvider(
  ports: ProviderPorts,
): Promise<{ provider: IntrospectingProvider; requests: RequestStore }> {
  const { server, accounts, groups, keys, config, limitAttempts, countedAddress } = ports
  const { dispatch, backgroundTasks, service } = server
  const { issuer, dpopSecret } = keys
  const unredirected: typeof globalThis.fetch = (input, init) =>
    // A client's metadata must come from its own URL, not from one that this redirects to.
    server.fetch(input, { redirect: 'error', ...init })
  const callerAddress = () => {
    const { ip } = requestContext().client
    return ip === undefined ? undefined : countedAddress(ip)
  }
  const safeFetch = clientMetadataFetch(unredirected, new KeySlots(metadataSlots), callerAddress)
  const signOut = async (did: string, deviceId: string) => {
    await (await accounts.find(did))?.oauth.signOutOfDevice({ deviceId })
  }
  const { domains } = await server.handleRules()
  const codeOf = derivedCodes(keys.jwtSecret)
  const requests = requestStore(dispatch, countedAddress, codeOf, groups.choose)
  const provider = new IntrospectingProvider({
    issuer,
    keyset: [await accessTokenKey(keys)],
    dpopSecret,
    accountStore: {
      ...accountStore(server, accounts, groups),
      ...forAccountItself(emailTokenFlows(server, accounts)),
    },
    requestStore: requests,
    deviceStore: deviceStore(dispatch, signOut, limitAttempts, countedAddress),
    lexiconStore: lexiconStore(dispatch),
    replayStore: replayStore(dispatch),
    tokenStore: tokenStore({ dispatch, accounts, backgroundTasks }),
    safeFetch,
    lexResolver: await createLexResolver({
      fetch: documentFetch(unredirected),
      limit: limitedLookups(new KeySlots(lookupSlots), callerAddress),
      plcUrl: ports.plcUrl,
      authorityDid: config.lexiconAuthorityDid,
      serviceDid: service.did,
      findLocal: (did, path) => findLocalRecord(accounts, did, path),
    }),
    inviteCodeRequired: service.inviteRequired,
    availableUserDomains: [...domains],
    ...(config.hcaptcha && { hcaptcha: config.hcaptcha }),
    branding: {
      ...config.branding,
      links: [...(config.branding.links ?? []), securityLink(service.publicUrl)],
    },
    metadata: { protected_resources: [new URL(issuer).origin as `https://${string}`] },
    // Tokens carry no scope: the account holds it, so that a revocation takes effect at once.
    accessTokenMode: AccessTokenMode.stateful,
    getClientInfo: (clientId) => ({ isTrusted: config.trustedClients.includes(clientId) }),
    ...rateLimitedHooks(limitAttempts),
    ...actClaim,
  })
  exposeRefusals(provider.clientManager)
  repeatConsents(provider.requestManager, requests, codeOf)
  return { provider, requests }
}

/** Shows the domains of today on the pages. The library passes this list to each page as it is rendered. */
export async function updateDomains(
  { customization }: IntrospectingProvider,
  { handleRules }: Pick<ServerContext, 'handleRules'>,
): Promise<void> {
  const { domains } = await handleRules()
  const shown = customization.availableUserDomains
  shown?.splice(0, shown.length, ...domains)
}

async function findLocalRecord(
  accounts: ProviderAccounts,
  did: string,
  path: { collection: string; rkey: string },
): Promise<LocalRecord | undefined> {
  const account = await accounts.find(did, 'read')
  if (account === undefined) return undefined
  const { json } = await account.repo.getRecord(path)
  const { cid, value } = JSON.parse(json) as { cid: string; value: unknown }
  return { cid, json: value }
}

/** Attempts on the pages count against the limits of the equivalent XRPC methods. */
function rateLimitedHooks(limitAttempts: AttemptLimiter) {
  const limited = async (nsid: string, address: string, input: unknown = {}) => {
    try {
      await limitAttempts(`com.atproto.server.${nsid}`, { address, input })
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      throw new InvalidRequestError('Too many attempts, try again later', error)
    }
  }
  type Attempt = { deviceMetadata: { ipAddress: string } }
  return {
    onSignInAttempt: ({ data, deviceMetadata }: Attempt & { data: { username: string } }) =>
      limited('createSession', deviceMetadata.ipAddress, { identifier: data.username }),
    onSignUpAttempt: ({ deviceMetadata }: Attempt) =>
      limited('createAccount', deviceMetadata.ipAddress),
    onResetPasswordRequest: ({ deviceMetadata }: Attempt) =>
      limited('requestPasswordReset', deviceMetadata.ipAddress),
    onResetPasswordConfirm: ({ deviceMetadata }: Attempt) =>
      limited('resetPassword', deviceMetadata.ipAddress),
    onDeleteAccountConfirm: ({ deviceMetadata }: Attempt) =>
      limited('deleteAccount', deviceMetadata.ipAddress),
  }
}
