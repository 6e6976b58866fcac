/**
 * What our own sign-in pages need of the OAuth library. The protocol stays the library's: it reads the request, and its API
 * signs up, resets, consents and rejects; only its HTML is replaced, and signing in, which its page cannot do with passkeys.
 */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '@atproto/oauth-provider/errors'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { RequestStore } from '@atproto/oauth-provider/store'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { knownDevice, loadDevice } from '#src/gateway/oauth/device-cookies.ts'
import { FRESH_SIGN_IN_MS } from '#src/gateway/oauth/group-provider.ts'
import {
  type ApiAnswer,
  type ApiCall,
  callApi,
  type HeldResponse,
  holdResponse,
  openPage,
} from '#src/gateway/oauth/library-calls.ts'
import { describePage, type OpenedPage, type PageAnswer } from '#src/gateway/oauth/opened-page.ts'
import type { Middleware } from '#src/gateway/oauth/provider-middleware.ts'
import { requestIdIn } from '#src/gateway/oauth/repeated-consent.ts'
import { requestContext, withRequestContext } from '#src/gateway/oauth/request-context.ts'
import { withoutEmail } from '#src/gateway/oauth/scope-choices.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { createProof, proofCookie, readProof } from '#src/gateway/oauth/sign-in-proof.ts'

export interface SignUpRules {
  /** With the dot in front. */
  domains: string[]
  isInviteRequired: boolean
  hcaptchaSiteKey: string | undefined
}

interface SignedIn {
  did: string
  /** When the sign-in began. */
  since: number
  /** Whether the browser keeps it beyond the authorization request. */
  remember: boolean
  requestUri: string | undefined
}

interface Consent {
  requestUri: string
  did: string
  /** Whether the app may know the email address, if it asks for that. */
  allowsEmail: boolean
  page: string
}

/** Every method runs within the context of the request that `OAuth.handle` has begun. */
export interface AuthorizationPage {
  /** What the library answers to a GET of the authorization page at this path. */
  open(request: IncomingMessage, page: string): Promise<PageAnswer>
  /** The redirect to the app, for the URL that a consent or a refusal returned. */
  redirect(request: IncomingMessage, target: { url: string; page: string }): Promise<HeldResponse>
  /** A call of the library's API as its own page makes it. */
  call(request: IncomingMessage, call: Omit<ApiCall, 'as'> & { did?: string }): Promise<ApiAnswer>
  /** After a sign-in on our pages; returns the Set-Cookie values. */
  finishSignIn(request: IncomingMessage, signedIn: SignedIn): Promise<string[]>
  /** The Set-Cookie value that keeps the token of a sign-up for its request. */
  proofCookie(requestUri: string, token: string): string
  /** Undefined if the account must sign in, or is deactivated: the library would discard the request then. */
  consent(request: IncomingMessage, consent: Consent): Promise<ApiAnswer | undefined>
  signUpRules(): Promise<SignUpRules>
}

interface Ports {
  provider: OAuthProvider
  middleware: Middleware
  requests: Pick<RequestStore, 'readRequest'>
  dispatch: Pick<Dispatch, 'authorization'>
  updateDomains(): Promise<void>
}

export function openAuthorizationPage(ports: Ports): AuthorizationPage {
  const { provider, middleware, requests, dispatch } = ports
  const { issuer, accountManager, customization } = provider
  const isSecure = issuer.startsWith('https:')

  const deviceOf = (request: IncomingMessage) =>
    knownDevice((id) => shardOf(dispatch, id).devices.read({ id }), request)

  async function proofOf(request: IncomingMessage, requestUri: string, did: string) {
    const deviceId = await deviceOf(request)
    if (deviceId === undefined) return undefined
    const proof = await readProof(provider, request, { deviceId, requestUri })
    return proof?.did === did ? proof : undefined
  }

  async function call(
    request: IncomingMessage,
    { did, ...input }: Omit<ApiCall, 'as'> & { did?: string },
  ): Promise<ApiAnswer> {
    const requestUri = new URL(input.page, issuer).searchParams.get('request_uri')
    const proof =
      did === undefined || requestUri === null ? undefined : await proofOf(request, requestUri, did)
    const { signedInAt, token: as } = proof ?? {}
    const context = { ...requestContext(), ...(signedInAt !== undefined && { signedInAt }) }
    return withRequestContext(context, () =>
      callApi(middleware, request, issuer, { ...input, ...(as !== undefined && { as }) }),
    )
  }

  /** Whether the account may consent; the library asks the same, and discards the request if not. */
  async function mayConsent(
    request: IncomingMessage,
    { requestUri, did }: Consent,
    prompt: string | undefined,
  ): Promise<boolean> {
    const proof = await proofOf(request, requestUri, did)
    if (proof !== undefined) {
      const context = { ...requestContext(), signedInAt: proof.signedInAt }
      const found = await withRequestContext(context, () => accountManager.getAccount(did as never))
      return !found.account.deactivated
    }
    const deviceId = await deviceOf(request)
    if (deviceId === undefined) return false
    const found = await accountManager.getDeviceAccount(deviceId, did as never)
    if (found.account.deactivated || provider.checkLoginRequired(found)) return false
    const signedInAt = requestContext().acting?.get(did)?.signedInAt ?? 0
    return prompt !== 'login' || signedInAt > Date.now() - FRESH_SIGN_IN_MS
  }

  /** Of the member that acts as the chosen group: the list of accounts asks only groups that were used on the browser. */
  async function loadRole({ result, deviceId }: OpenedPage, account: string | null) {
    const chosen = account ?? result?.selectedDid
    const acting = chosen === undefined ? undefined : requestContext().acting?.get(chosen)
    if (deviceId === undefined || acting === undefined || acting.role !== undefined) return
    await accountManager.getDeviceAccount(deviceId as never, chosen as never).catch(isRefused)
  }

  return {
    async open(request, page) {
      const opened: OpenedPage = {}
      const context = { ...requestContext(), opened }
      return withRequestContext(context, async () => {
        const held =
          request.method === 'GET'
            ? await holdResponse(middleware, request)
            : await openPage(middleware, request, issuer, { url: page, page })
        await loadRole(opened, new URL(page, issuer).searchParams.get('account'))
        return describePage(provider, request, held, opened)
      })
    },

    redirect: (request, { url, page }) => {
      const { pathname, search } = new URL(url)
      return openPage(middleware, request, issuer, { url: pathname + search, page })
    },

    call,

    async finishSignIn(request, { did, since, remember, requestUri }) {
      const context = { ...requestContext(), startedAt: since }
      return withRequestContext(context, async () => {
        const { deviceId, cookies } = await loadDevice(provider, request)
        if (remember) await accountManager.upsertDeviceAccount(deviceId, did as never)
        else await accountManager.removeDeviceAccount(deviceId, did as never)
        if (requestUri === undefined) return cookies
        const token = await createProof(provider, { did, deviceId, requestUri })
        return [...cookies, proofCookie(requestUri, token, isSecure)]
      })
    },

    proofCookie: (requestUri, token) => proofCookie(requestUri, token, isSecure),

    async consent(request, consent) {
      const { requestUri, did, allowsEmail, page } = consent
      const id = requestIdIn(requestUri)
      const stored = id && (await requests.readRequest(id))
      const { scope, prompt } = (stored || { parameters: {} }).parameters as {
        scope?: string
        prompt?: string
      }
      // Without a request the library's own answer says so.
      if (stored && !(await mayConsent(request, consent, prompt).catch(isRefused))) return undefined
      const granted = allowsEmail ? scope : withoutEmail(scope)
      const input = { did, ...(granted !== undefined && { scope: granted }) }
      return call(request, { endpoint: '/consent', input, page, did })
    },

    async signUpRules() {
      await ports.updateDomains()
      return {
        domains: [...(customization.availableUserDomains ?? [])],
        isInviteRequired: customization.inviteCodeRequired !== false,
        hcaptchaSiteKey: customization.hcaptcha?.siteKey,
      }
    },
  }
}

function isRefused(error: unknown): false {
  if (error instanceof OAuthError && error.statusCode < 500) return false
  throw error
}
