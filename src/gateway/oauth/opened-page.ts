/** The state of the library's authorization page, for our own page. */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '@atproto/oauth-provider/errors'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { Account } from '@atproto/oauth-provider/store'
import type { HeldResponse } from '#src/gateway/oauth/library-calls.ts'
import {
  type Acting,
  requestContext,
  withRequestContext,
} from '#src/gateway/oauth/request-context.ts'
import { readProof } from '#src/gateway/oauth/sign-in-proof.ts'

type AuthorizeResult = Awaited<ReturnType<OAuthProvider['authorize']>>
type PageResult = Extract<AuthorizeResult, { sessions: unknown }>

/** The library's data for a page; it is set while the library handles the request. */
export interface OpenedPage {
  result?: PageResult
  deviceId?: string
  error?: unknown
}

export interface PageAccount {
  account: Account
  /** It is known on this browser, but has to sign in again. */
  mustSignIn: boolean
  /** The member that acts as it, if it is a group. */
  acting?: Acting
}

export interface AuthorizationRequest {
  requestUri: string
  client: {
    id: string
    name: string | undefined
    isTrusted: boolean
    isFirstParty: boolean
    termsUrl: string | undefined
    privacyUrl: string | undefined
  }
  /** Where the answer goes. */
  redirectUri: string | undefined
  scope: string
  prompt: string | undefined
  /** The account that the app asks for: a handle, or a DID that is unknown here. */
  hint: string | undefined
  /** The languages that the app asks for, as an Accept-Language header has them. */
  languages: string | undefined
  accounts: PageAccount[]
  /** The account that the page is about, if that is clear. */
  selected: string | undefined
  permissionSets: PageResult['permissionSets']
}

export interface PageError {
  code: string
  description: string
}

export type PageAnswer = { cookies: string[] } & (
  | { kind: 'request'; request: AuthorizationRequest }
  | { kind: 'error'; status: number; error: PageError }
  /** The browser keeps no cookies. */
  | { kind: 'no cookies' }
  /** Goes to the browser as it is, such as a redirect to the app. */
  | { kind: 'response'; held: HeldResponse }
)

/** Lets `requestContext().opened` know what the library's page would show. */
export function observePages(provider: OAuthProvider): void {
  const authorize = provider.authorize.bind(provider)
  provider.authorize = async (query, device) => {
    const result = await authorize(query, device)
    const { opened } = requestContext()
    if (opened !== undefined && 'sessions' in result) {
      Object.assign(opened, { result, deviceId: device.deviceId })
    }
    return result
  }
}

/** The error that the library's page would show. */
export function noteError(error: unknown): void {
  const { opened } = requestContext()
  if (opened !== undefined) opened.error = error
}

export async function describePage(
  provider: OAuthProvider,
  request: IncomingMessage,
  held: HeldResponse,
  { result, deviceId, error }: OpenedPage,
): Promise<PageAnswer> {
  const { cookies, status } = held
  if (result !== undefined && deviceId !== undefined && status === 200) {
    const described = await describeRequest(provider, request, result, deviceId)
    return { kind: 'request', request: described, cookies }
  }
  const isPage = String(held.headers['content-type']).startsWith('text/html')
  if (!isPage || status < 400) return { kind: 'response', held, cookies }
  if (error === undefined) return { kind: 'no cookies', cookies }
  return { kind: 'error', status, error: describeError(error, status), cookies }
}

function describeError(error: unknown, status: number): PageError {
  if (error instanceof OAuthError) {
    return { code: error.error, description: error.error_description }
  }
  if (status >= 500) return { code: 'server_error', description: '' }
  return { code: 'invalid_request', description: (error as Error).message }
}

async function describeRequest(
  provider: OAuthProvider,
  request: IncomingMessage,
  result: PageResult,
  deviceId: string,
): Promise<AuthorizationRequest> {
  const { client, parameters, requestUri, sessions, permissionSets } = result
  const { metadata } = client
  const known = sessions.map(({ account, loginRequired }) => {
    const acting = requestContext().acting?.get(account.did)
    return { account, mustSignIn: loginRequired, ...(acting && { acting }) }
  })
  const signedIn = await findSignedIn(provider, request, { deviceId, requestUri })
  const accounts =
    signedIn === undefined
      ? known
      : [signedIn, ...known.filter(({ account }) => account.did !== signedIn.account.did)]
  return {
    requestUri,
    client: {
      id: client.id,
      name: metadata.client_name,
      isTrusted: client.isTrusted,
      isFirstParty: client.isFirstParty,
      termsUrl: metadata.tos_uri,
      privacyUrl: metadata.policy_uri,
    },
    redirectUri: parameters.redirect_uri,
    scope: parameters.scope ?? '',
    prompt: parameters.prompt,
    hint: result.loginHint,
    languages: parameters.ui_locales?.split(' ').join(','),
    accounts,
    selected: signedIn?.account.did ?? result.selectedDid,
    permissionSets,
  }
}

/** The account that has signed in for this request. */
async function findSignedIn(
  provider: OAuthProvider,
  request: IncomingMessage,
  names: { deviceId: string; requestUri: string },
): Promise<PageAccount | undefined> {
  const proof = await readProof(provider, request, names)
  if (proof === undefined) return undefined
  const { did, signedInAt } = proof
  const context = { ...requestContext(), signedInAt, acting: new Map() }
  const find = () => provider.accountManager.getAccount(did as Account['did'])
  // Not if its password has changed since then, for example.
  const found = await withRequestContext(context, find).catch((error: unknown) => {
    if (error instanceof OAuthError && error.statusCode < 500) return undefined
    throw error
  })
  return found && { account: found.account, mustSignIn: false }
}
