/** This server as an OAuth client of another one: it learns which account signs in there, and nothing else. */
import { createHash, randomBytes } from 'node:crypto'
import type { OAuthClientOptions } from '@atproto/oauth-client'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { resolveIdentity } from '#src/gateway/identity/resolve-identity.ts'
import { boundedResponses } from '#src/gateway/members-elsewhere/bounded-responses.ts'
import { clientMetadata } from '#src/gateway/members-elsewhere/client-metadata.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { loadOnce } from '#src/ports/load-once.ts'

export interface ClientPorts {
  server: Pick<
    ServerContext,
    'dispatch' | 'handleRules' | 'handles' | 'resolver' | 'fetch' | 'service' | 'backgroundTasks'
  >
  /** Whether servers may be asked over plain http, as in development. */
  allowHttp: boolean
}

/** A sign-in between its start and its callback, as JSON. It has the key that the token is bound to. */
export interface PendingSignIn {
  did: string
  state: string
  stored: { dpopKey: Record<string, unknown> } & Record<string, unknown>
}

const loadLibraries = loadOnce(() =>
  Promise.all([import('@atproto/oauth-client'), import('@atproto/jwk-jose')]),
)

/**
 * Returns the URL to send the browser to. Throws 400 if the account does not resolve or is on this server, and 502
 * UpstreamFailure if its server has no authorization server, or refuses.
 */
export async function beginSignIn(
  ports: ClientPorts,
  identifier: string,
): Promise<{ url: string; pending: PendingSignIn }> {
  const { did } = await resolveIdentity(ports.server, identifier)
  const { accounts } = ports.server.dispatch.directory
  if ((await accounts.find({ identifier: did })) !== null) {
    throw invalidRequest('This account is on this server: sign in here')
  }
  let pending: PendingSignIn | undefined
  const client = await openClient(ports, {
    get: () => undefined,
    set: (state, stored) => {
      pending = { did, state, stored }
    },
  })
  const url = await client.authorize(did).catch(failed)
  return { url: url.href, pending: pending! }
}

/**
 * Returns the account that has signed in, which must be the one that the sign-in began with. Throws 400 InvalidRequest if
 * it is another one, `state` is not that of the sign-in, or the sign-in was refused; and 502 as `beginSignIn`.
 */
export async function finishSignIn(
  ports: ClientPorts,
  params: URLSearchParams,
  { did, state, stored }: PendingSignIn,
): Promise<string> {
  if (params.get('state') !== state) throw invalidRequest('This sign-in has expired: begin again')
  if (params.has('error')) throw invalidRequest('The sign-in was refused')
  const client = await openClient(ports, { get: () => stored, set: () => {} })
  const { session } = await client.callback(params).catch(failed)
  // The token is not needed any more. If it cannot be revoked, it expires.
  ports.server.backgroundTasks.runIfFree(() => session.signOut().catch(() => {}))
  if (session.did !== did) throw invalidRequest('You have signed in as another account')
  return did
}

function failed(error: unknown): never {
  if (error instanceof XrpcError) throw error
  const { message } = error as Error
  throw new XrpcError(502, 'UpstreamFailure', `The account's server did not sign it in: ${message}`)
}

async function openClient(
  ports: ClientPorts,
  states: {
    get(state: string): PendingSignIn['stored'] | undefined
    set(state: string, stored: PendingSignIn['stored']): void
  },
) {
  const { server, allowHttp } = ports
  const [{ OAuthClient }, { JoseKey }] = await loadLibraries()
  const sessions = new Map<string, never>()
  const identityResolver: NonNullable<OAuthClientOptions['identityResolver']> = {
    resolve: async (identifier, { noCache = false } = {}) =>
      (await resolveIdentity(server, identifier, { refresh: noCache })) as never,
  }
  return new OAuthClient({
    responseMode: 'query',
    clientMetadata: clientMetadata(server.service),
    allowHttp,
    fetch: boundedResponses(server.fetch),
    identityResolver,
    runtimeImplementation: {
      createKey: (algorithms) => JoseKey.generate(algorithms),
      getRandomValues: (length) => randomBytes(length),
      digest: (bytes, { name }) => createHash(name).update(bytes).digest(),
    },
    stateStore: {
      async get(state) {
        const stored = states.get(state)
        if (stored === undefined) return undefined
        return { ...stored, dpopKey: await JoseKey.fromJWK(stored.dpopKey) } as never
      },
      set(state, { dpopKey, ...more }) {
        const { privateJwk } = dpopKey as { privateJwk?: Record<string, unknown> }
        states.set(state, { ...more, dpopKey: privateJwk! })
      },
      del: () => {},
    },
    sessionStore: {
      get: (did) => sessions.get(did),
      set: (did, session) => void sessions.set(did, session as never),
      del: (did) => void sessions.delete(did),
    },
  })
}
