/** OAuth as the gateway has it: pages and endpoints beside the XRPC methods, and callers who show a bound token. */
import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { XrpcError } from '#src/errors.ts'
import type { ClientAddress } from '#src/gateway/http/client-address.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { corsHeaders } from '#src/gateway/http/response.ts'
import type { AttemptLimiter, OAuthProviderConfig } from '#src/gateway/oauth/provider.ts'
import { openProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { dropUnpushedParams } from '#src/gateway/oauth/pushed-only.ts'
import { withRequestContext } from '#src/gateway/oauth/request-context.ts'
import type { ResourceServer } from '#src/gateway/oauth/resource-server.ts'
import { wakeShards } from '#src/gateway/oauth/shards.ts'
import { returnToCookie } from '#src/gateway/pages/return-to.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import type { AppCaller, AuthRequest } from '#src/gateway/xrpc/callers.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface OAuthPorts {
  server: ServerContext
  findAccount: FindAccount
  addressOf: ClientAddress
  limitAttempts: AttemptLimiter
  config: OAuthProviderConfig & { dpopSecretHex: string | undefined }
  plcUrl: string
  jwtSecret: string
  clock: Clock
  log: Pick<Log, 'debug' | 'warn' | 'error'>
}

export interface OAuth {
  /** Whether a path is the authorization server's. */
  matches(path: string): boolean
  /** Answers; where the authorization server knows no such path or method, `next` does. */
  handle(request: IncomingMessage, response: ServerResponse, next: () => void): void
  authenticate(request: AuthRequest): Promise<AppCaller>
  /** What the next proof must name; undefined before the first has been looked at. */
  nextNonce(): string | undefined
  /** Signs an account in on the request's browser; gives the cookies to send it. */
  signInDevice(request: IncomingMessage, did: string): Promise<string[]>
  /** Loads it all and wakes what it asks, which takes a second, before somebody waits for it. */
  warmUp(): void
}

interface Pages {
  handle: Middleware
  signIn(request: IncomingMessage, did: string): Promise<string[]>
}

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

export function openOAuth(ports: OAuthPorts): OAuth {
  const { server, addressOf, log } = ports
  const people = openProviderAccounts(server, ports.findAccount)
  const { publicUrl: issuer, did: serviceDid } = server.service
  const keys = {
    issuer,
    jwtSecret: new TextEncoder().encode(ports.jwtSecret),
    dpopSecret: dpopSecretOf(ports),
  }
  let resources: ResourceServer | undefined

  const loadResources = once(async () => {
    const { openResourceServer } = await import('#src/gateway/oauth/resource-server.ts')
    resources = await openResourceServer({
      ...keys,
      serviceDid,
      accounts: people,
      clock: ports.clock,
    })
    return resources
  })

  const loadPages = once(async (): Promise<Pages> => {
    // Those that cannot be had now are woken by whoever asks them.
    wakeShards(server.dispatch).catch((error) => log.debug({ err: error }, 'shards not woken'))
    const [{ openProvider }, { oauthMiddleware }, devices, endpoint] = await Promise.all([
      import('#src/gateway/oauth/provider.ts'),
      import('@atproto/oauth-provider/middleware'),
      import('#src/gateway/oauth/device-cookies.ts'),
      import('#src/gateway/oauth/introspection-endpoint.ts'),
    ])
    const { config, plcUrl, limitAttempts } = ports
    const provider = await openProvider({
      server,
      accounts: people,
      keys,
      config,
      plcUrl,
      limitAttempts,
    })
    const onError = (response: Answering, error: unknown, what: string) =>
      note(log, { id: idOf(response), error }, what)
    const ofLibrary = oauthMiddleware(provider, {
      onError: (_, response, error, what) => onError(response, error, what),
    })
    const introspect = endpoint.introspectionEndpoint(provider, onError)
    return {
      handle: (request, response, next) =>
        introspect(request, response, (error) =>
          error === undefined ? ofLibrary(request, response, next) : next(error),
        ),
      signIn: (request, did) => devices.signInDevice(provider, request, did),
    }
  })

  async function answer(
    request: IncomingMessage & { ip?: string },
    response: ServerResponse,
    next: () => void,
  ): Promise<void> {
    const pages = await loadPages()
    // Where it looks for the client's address: behind the proxies that are believed, and no others.
    request.ip = addressOf(request)
    request.url = dropUnpushedParams(request.url ?? '/')
    await ports.limitAttempts('oauth', { address: request.ip, input: {} })
    const { cookie } = request.headers
    const onward = returnToCookie(request, issuer)
    if (onward !== undefined) response.appendHeader('set-cookie', onward)
    withRequestContext({ clientInfo: clientInfoOf(addressOf, request), cookie }, () =>
      pages.handle(request, response, (error) =>
        error === undefined ? next() : fail(error, response),
      ),
    )
  }

  function fail(error: unknown, response: ServerResponse): void {
    const isOurs = !(error instanceof XrpcError) || error.status >= 500
    if (isOurs) log.error({ id: idOf(response), err: error }, 'an OAuth request failed')
    if (response.headersSent) return void response.destroy()
    const told = isOurs
      ? { error: 'server_error', error_description: 'Internal Server Error' }
      : { error: 'temporarily_unavailable', error_description: error.message }
    const headers = { ...corsHeaders, 'content-type': 'application/json' }
    response.writeHead(isOurs ? 500 : error.status, headers)
    response.end(JSON.stringify(told))
  }

  return {
    matches: isOwn,
    handle: (request, response, next) => {
      answer(request, response, next).catch((error) => fail(error, response))
    },
    authenticate: async (request) => (resources ?? (await loadResources())).authenticate(request),
    nextNonce: () => resources?.nextNonce(),
    async signInDevice(request: IncomingMessage & { ip?: string }, did) {
      request.ip = addressOf(request)
      return (await loadPages()).signIn(request, did)
    },
    warmUp: () => {
      const onFailure = (err: unknown) => log.error({ err }, 'OAuth could not be loaded')
      void Promise.all([loadResources(), loadPages()]).catch(onFailure)
    },
  }
}

/** Our own pages, which are about what the provider's lack. */
function isSecurityPage(path: string): boolean {
  return path === securityPath || path.startsWith(`${securityPath}/`)
}

function isOwn(path: string): boolean {
  if (path.startsWith('/xrpc/') || isSecurityPage(path)) return false
  return /^\/(oauth\/|account(\/|$)|@atproto\/oauth-provider\/|\.well-known\/(oauth-authorization-server|change-password)$)/.test(
    path,
  )
}

/** The same for all gateways that share the JWT secret, so that each believes the nonces of the others. */
function dpopSecretOf({ config, jwtSecret }: OAuthPorts): Uint8Array {
  if (config.dpopSecretHex !== undefined) return Buffer.from(config.dpopSecretHex, 'hex')
  return createHmac('sha256', jwtSecret).update('headwater dpop nonces').digest()
}

type Answering = Pick<ServerResponse, 'getHeader'>

/** The name of the request, which its answer tells. */
function idOf(response: Answering) {
  return response.getHeader('x-request-id')
}

/** What users and clients do wrong is no news; what we do wrong is. */
function note(
  log: OAuthPorts['log'],
  { id, error }: { id: unknown; error: unknown },
  what: string,
): void {
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  const isOurs = !(Number(status ?? statusCode ?? 500) < 500)
  if (isOurs) log.error({ id, err: error }, what)
  else log.debug({ id, reason: (error as Error).message }, what)
}

/** Loads once; what failed is tried again by the next who asks. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }
}
