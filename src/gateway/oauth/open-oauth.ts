/** OAuth in the gateway: the authorization server's pages and endpoints, and authentication with DPoP-bound tokens. */

import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OAuthConfig } from '#src/config/oauth.ts'
import { openOwnStatuses } from '#src/gateway/group/member-authority.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import type { AuthorizationPage } from '#src/gateway/oauth/authorization-page.ts'
import { withCheckedBody } from '#src/gateway/oauth/checked-body.ts'
import {
  logProviderError,
  type ProviderCall,
  respondWithError,
} from '#src/gateway/oauth/failures.ts'
import type { GroupSignIn } from '#src/gateway/oauth/group-sign-in.ts'
import { isOAuthPath, maxBodyBytes, parPath } from '#src/gateway/oauth/oauth-paths.ts'
import type { AttemptLimiter } from '#src/gateway/oauth/provider.ts'
import { openProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import {
  type Middleware,
  preparedMiddleware,
  withClientStatus,
} from '#src/gateway/oauth/provider-middleware.ts'
import { dropUnpushedParams } from '#src/gateway/oauth/pushed-only.ts'
import { type RequestContext, withRequestContext } from '#src/gateway/oauth/request-context.ts'
import type { ResourceServer } from '#src/gateway/oauth/resource-server.ts'
import { wakeShards } from '#src/gateway/oauth/shards.ts'
import { type FindCountedAddress, MAX_USER_AGENT_LENGTH } from '#src/gateway/oauth/shared-stores.ts'
import { returnToCookie } from '#src/gateway/pages/return-to.ts'
import { authorizePath, isSignInPage } from '#src/gateway/pages/sign-in/paths.ts'
import type { AppCaller, AuthRequest } from '#src/gateway/xrpc/callers.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import type { Timer } from '#src/ports/timer.ts'
import { decodeJwtPart } from '#src/protocol/jwt.ts'

export interface OAuthPorts {
  server: ServerContext
  findAccount: FindAccount
  addressOf: FindClientAddress
  limitAttempts: AttemptLimiter
  countedAddress: FindCountedAddress
  config: OAuthConfig
  plcUrl: string
  jwtSecret: string
  clock: Clock
  log: Pick<Log, 'debug' | 'warn' | 'error'>
}

export interface OAuth {
  matches(path: string): boolean
  handle(request: IncomingMessage, response: ServerResponse, next: () => void): void
  authenticate(request: AuthRequest): Promise<AppCaller>
  /** The nonce for the client's next DPoP proof; undefined before the first DPoP request. */
  nextNonce(): string | undefined
  membersOn: GroupSignIn['membersOn']
  actAs: GroupSignIn['actAs']
  authorizationPage(): Promise<AuthorizationPage>
  /** Does ahead of the first request what takes a second. Returns a function that ends it. */
  warmUp(timer: Timer): () => void
}

/** After the first requests; and a server that is stopped right after its start has no actor that is just starting. */
const WAKE_SHARDS_MS = 3_000

/** Takes some hundred milliseconds of processor time, which a start has while its engine starts. */
export function loadModules() {
  return Promise.all([
    import('#src/gateway/oauth/provider.ts'),
    import('@atproto/oauth-provider/middleware'),
    import('#src/gateway/oauth/introspection-endpoint.ts'),
    import('#src/gateway/oauth/device-groups.ts'),
    import('#src/gateway/oauth/group-sign-in.ts'),
    import('#src/gateway/oauth/authorization-page.ts'),
    import('#src/gateway/oauth/opened-page.ts'),
    import('#src/gateway/oauth/resource-server.ts'),
  ])
}

interface Pages {
  handle: Middleware
  authorization: AuthorizationPage
  groups: GroupSignIn
}

export function openOAuth(ports: OAuthPorts): OAuth {
  const { server, addressOf, log } = ports
  const accounts = openProviderAccounts(server, ports.findAccount)
  const { publicUrl: issuer, did: serviceDid } = server.service
  const keys = {
    issuer,
    jwtSecret: new TextEncoder().encode(ports.jwtSecret),
    dpopSecret: dpopSecretOf(ports),
  }
  let resources: ResourceServer | undefined

  const loadResources = loadOnce(async () => {
    const { openResourceServer } = await import('#src/gateway/oauth/resource-server.ts')
    resources = await openResourceServer({
      ...keys,
      serviceDid,
      accounts,
      clock: ports.clock,
      mayAct: openOwnStatuses({ ...server, clock: ports.clock }),
    })
    return resources
  })

  const loadPages = loadOnce(async (): Promise<Pages> => {
    const [
      { openProvider, updateDomains },
      { oauthMiddleware },
      endpoint,
      { openDeviceGroups },
      { openGroupSignIn },
      { openAuthorizationPage },
      { noteError, observePages },
    ] = await loadModules()
    const groups = openDeviceGroups({ dispatch: server.dispatch, accounts })
    const { config, plcUrl, limitAttempts, countedAddress } = ports
    const { provider, requests } = await openProvider({
      server,
      accounts,
      groups,
      keys,
      config,
      plcUrl,
      limitAttempts,
      countedAddress,
    })
    const onError = (call: ProviderCall, error: unknown, message: string) =>
      logProviderError(log, { call, error }, message)
    const libraryMiddleware = oauthMiddleware(provider, {
      onError: (request, response, error, message) => {
        onError({ request, response }, error, message)
        noteError(error)
      },
    })
    const introspect = endpoint.introspectionEndpoint(provider, onError)
    observePages(provider)
    const update = () => updateDomains(provider, server)
    const withDomains = preparedMiddleware(update, libraryMiddleware)
    return {
      authorization: openAuthorizationPage({
        ...{ provider, requests, dispatch: server.dispatch, updateDomains: update },
        middleware: libraryMiddleware,
      }),
      handle: (request, response, next) =>
        introspect(request, response, (error) =>
          error === undefined ? withDomains(request, response, next) : next(error),
        ),
      groups: openGroupSignIn({
        ...{ provider, requests, groups },
        dispatch: server.dispatch,
      }),
    }
  })

  async function answer(
    request: IncomingMessage & { ip?: string },
    response: ServerResponse,
    next: () => void,
  ): Promise<void> {
    const pages = await loadPages()
    // The library reads the client's address from `ip`; ours trusts only the configured proxies.
    request.ip = addressOf(request)
    // As the library's router reads it, so that no other spelling of a path gets around what follows.
    const { pathname, search } = new URL(request.url ?? '/', issuer)
    request.url = dropUnpushedParams(pathname + search)
    truncateUserAgent(request)
    const isPush = request.method === 'POST' && pathname === parPath
    await ports.limitAttempts(isPush ? 'oauth/par' : 'oauth', { address: request.ip, input: {} })
    const maxBytes = request.method === 'POST' ? maxBodyBytes[pathname] : undefined
    const checked = maxBytes === undefined ? request : await withCheckedBody(request, maxBytes)
    const { cookie, authorization } = request.headers
    const returnTo = isSignInPage(pathname) ? undefined : returnToCookie(request, issuer)
    if (returnTo !== undefined) response.appendHeader('set-cookie', returnTo)
    const context: RequestContext = {
      client: clientInfoOf(addressOf, request),
      acting: new Map(),
      cookie,
      startedAt: ports.clock.now(),
      isPushed: isPush,
      signedInAt: issuedAt(authorization),
      retryAfter: (seconds: string) => void response.setHeader('retry-after', seconds),
    }
    if (request.method === 'GET' && pathname === authorizePath) {
      const url = new URL(request.url, issuer)
      const before = await withRequestContext(context, () => pages.groups.pageFor(request, url))
      if (before !== undefined) {
        response.writeHead(303, { location: before, 'cache-control': 'no-store' }).end()
        return
      }
    }
    if (isSignInPage(pathname)) return withRequestContext(context, next)
    withRequestContext(context, () =>
      pages.handle(checked, response, (error) =>
        error === undefined
          ? next()
          : respondWithError(log, withClientStatus(error), { request, response }),
      ),
    )
  }

  /** For a request that our own pages answer. */
  async function onOurPage<T>(
    request: IncomingMessage & { ip?: string },
    work: (pages: Pages) => Promise<T>,
  ): Promise<T> {
    request.ip = addressOf(request)
    truncateUserAgent(request)
    const pages = await loadPages()
    return withRequestContext({ client: {}, cookie: undefined }, () => work(pages))
  }

  return {
    matches: isOAuthPath,
    handle: (request, response, next) => {
      answer(request, response, next).catch((error) =>
        respondWithError(log, error, { request, response }),
      )
    },
    authorizationPage: async () => (await loadPages()).authorization,
    authenticate: async (request) => (resources ?? (await loadResources())).authenticate(request),
    nextNonce: () => resources?.nextNonce(),
    membersOn: (request, group) =>
      onOurPage(request, ({ groups }) => groups.membersOn(request, group)),
    actAs: (request, input) => onOurPage(request, ({ groups }) => groups.actAs(request, input)),
    warmUp: (timer) => {
      const onFailure = (err: unknown) =>
        log.warn({ err }, 'loading OAuth ahead failed; the first request loads it')
      void Promise.all([loadResources(), loadPages()]).catch(onFailure)
      return timer(WAKE_SHARDS_MS, () => {
        // A shard that is not woken now is woken by its first call.
        wakeShards(server.dispatch).catch((err) =>
          log.debug({ err }, 'waking the authorization shards failed'),
        )
      })
    },
  }
}

/** The library stores it with the browser, and compares it at each request. */
function truncateUserAgent({ headers }: IncomingMessage): void {
  const agent = headers['user-agent']
  if (agent !== undefined) headers['user-agent'] = agent.slice(0, MAX_USER_AGENT_LENGTH)
}

/** Equal for all gateways that share the JWT secret, so that each accepts the others' nonces. */
function dpopSecretOf({ config, jwtSecret }: OAuthPorts): Uint8Array {
  if (config.dpopSecretHex !== undefined) return Buffer.from(config.dpopSecretHex, 'hex')
  return createHmac('sha256', jwtSecret).update('headwater dpop nonces').digest()
}

/** When a bearer token, which the library verifies, was issued, in milliseconds since 1970. */
function issuedAt(authorization: string | undefined): number | undefined {
  const [, claims] = /^Bearer [^.]+\.([^.]+)\./.exec(authorization ?? '') ?? []
  const iat = claims === undefined ? undefined : decodeJwtPart(claims)?.['iat']
  return typeof iat === 'number' ? iat * 1000 : undefined
}
