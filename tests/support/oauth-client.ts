/** An OAuth app, and the browser of its user: it calls the server as the provider's pages do. */
import { createHash, createPrivateKey, type JsonWebKey, randomUUID, sign } from 'node:crypto'
import {
  NodeOAuthClient,
  type NodeSavedSession,
  type NodeSavedState,
  type OAuthSession,
  requestLocalLock,
} from '@atproto/oauth-client-node'
import { request } from 'undici'
import { runtimeWithAlg } from '#tests/support/dpop-keys.ts'
import type { Answer } from '#tests/support/xrpc-call.ts'

export interface App {
  client: NodeOAuthClient
  clientId: string
  redirectUri: string
  /** The app's sessions, by DID. */
  sessions: Map<string, NodeSavedSession>
  /** Its sign-ins in progress. */
  states: Map<string, NodeSavedState>
}

interface AppOptions {
  /** The scope in the client id. */
  scope: string
  plcUrl: string
  /** The server that resolves handles. */
  url: string
  fetch?: typeof globalThis.fetch
  /** The algorithm of its DPoP keys; by default the first one in the server's list. */
  alg?: string
}

const redirectUri = 'http://127.0.0.1/callback' as const

/** A loopback client (`http://localhost`), which needs no registration. */
export function loopbackApp({ scope, plcUrl, url, fetch, alg }: AppOptions): App {
  const query = new URLSearchParams([
    ['redirect_uri', redirectUri],
    ['scope', scope],
  ])
  const clientId = `http://localhost?${query}` as const
  const { stores, ...kept } = memoryStores()
  const client = new NodeOAuthClient({
    clientMetadata: {
      client_id: clientId,
      client_name: 'Loopback client',
      redirect_uris: [redirectUri],
      scope,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
    },
    ...stores,
    requestLock: requestLocalLock,
    allowHttp: true,
    handleResolver: url,
    plcDirectoryUrl: plcUrl,
    ...(fetch && { fetch }),
    ...(alg && { runtimeImplementation: runtimeWithAlg(alg) }),
  })
  return { client, clientId, redirectUri, ...kept }
}

/** In-memory stores whose entries a test can take out and put back. */
export function memoryStores() {
  const sessions: App['sessions'] = new Map()
  const states: App['states'] = new Map()
  const stores = { stateStore: storeOf(states), sessionStore: storeOf(sessions) }
  return { sessions, states, stores }
}

function storeOf<V>(map: Map<string, V>) {
  return {
    get: async (key: string) => map.get(key),
    set: async (key: string, value: V) => void map.set(key, value),
    del: async (key: string) => void map.delete(key),
  }
}

interface Page {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

const API = '/@atproto/oauth-provider/~api'

/** A browser with cookies, an Origin and a Referer. */
export class ProviderPageClient {
  readonly cookies = new Map<string, string>()
  readonly #origin: string
  readonly #headers: Record<string, string>
  /** The URL of the current page, sent as the Referer. */
  page = ''

  constructor(origin: string, headers: Record<string, string> = {}) {
    this.#origin = origin
    this.#headers = headers
  }

  /** Navigates to a page, as from one of `site`. `via` is another address of the same server. */
  async open(url: string | URL, via = this.#origin, site = 'none'): Promise<Page> {
    const { pathname, search, href } = new URL(url)
    const page = await this.#send('GET', `${via}${pathname}${search}`, {
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': site,
      accept: 'text/html',
    })
    this.page = href
    return page
  }

  /** Calls the provider's API as its page does. */
  async callApi<T = Record<string, unknown>>(
    endpoint: string,
    body?: object,
    { as, via = this.#origin, headers = {} }: ApiCallOptions = {},
  ): Promise<{ status: number; body: T }> {
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const answer = await this.#send(
      sent === undefined ? 'GET' : 'POST',
      `${via}${API}${endpoint}`,
      {
        'sec-fetch-mode': 'same-origin',
        'sec-fetch-site': 'same-origin',
        'sec-fetch-dest': 'empty',
        origin: this.#origin,
        referer: this.page,
        'x-csrf-token': this.cookies.get('csrf-token') ?? '',
        ...(sent !== undefined && { 'content-type': 'application/json' }),
        ...(as !== undefined && { authorization: `Bearer ${as}` }),
        ...headers,
      },
      sent,
    )
    return { status: answer.status, body: JSON.parse(answer.text) as T }
  }

  async #send(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await request(url, {
      method,
      headers: {
        'user-agent': 'a browser of the tests',
        // A proxy passes it on.
        host: new URL(this.#origin).host,
        ...this.#headers,
        ...headers,
        ...(cookie && { cookie }),
      },
      ...(body !== undefined && { body }),
    })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name) this.cookies.set(name, decodeURIComponent(value ?? ''))
    }
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
    }
  }
}

interface ApiCallOptions {
  /** The ephemeral token of a sign-in without `remember`. */
  as?: string | undefined
  via?: string
  headers?: Record<string, string>
}

export interface SignInOptions {
  browser: ProviderPageClient
  handle: string
  password: string
  /** The granted scope; by default the requested one. */
  consent?: string
  remember?: boolean
  scope?: string
  /** Addresses of the same server, for the steps in turn. */
  vias?: string[]
}

/**
 * Runs the authorization flow: request, sign-in, consent. Returns the parameters of the redirect to the app.
 */
export async function authorize(
  app: App,
  { browser, handle, password, consent, remember = false, scope, vias = [] }: SignInOptions,
): Promise<URLSearchParams> {
  const via = roundRobin(vias)
  const url = await app.client.authorize(handle, scope === undefined ? {} : { scope })
  const page = await browser.open(url, via())
  if (page.status !== 200) throw new Error(`${page.status}: ${page.text}`)
  const credentials = { locale: 'en', username: handle, password, remember }
  const signedIn = await browser.callApi<SignedIn>('/sign-in', credentials, viaOf(via()))
  if (signedIn.status !== 200) throw new Error(JSON.stringify(signedIn.body))
  const { account, ephemeralToken } = signedIn.body
  const grant = { did: account.did, ...(consent !== undefined && { scope: consent }) }
  const as = { as: ephemeralToken, ...viaOf(via()) }
  const allowed = await browser.callApi<{ url: string }>('/consent', grant, as)
  if (allowed.status !== 200) throw new Error(JSON.stringify(allowed.body))
  return redirectParams(allowed.body.url)
}

export interface SignedIn {
  account: { did: string; handle: string; email?: string }
  ephemeralToken?: string
}

function roundRobin(vias: string[]): () => string | undefined {
  let turn = 0
  return () => (vias.length === 0 ? undefined : vias[turn++ % vias.length])
}

function viaOf(via: string | undefined): { via?: string } {
  return via === undefined ? {} : { via }
}

/** The parameters that the redirect page passes to the app. */
export function redirectParams(url: string): URLSearchParams {
  const params = new URL(url).searchParams
  params.delete('redirect_mode')
  params.delete('redirect_uri')
  return params
}

export async function signIn(app: App, options: SignInOptions): Promise<OAuthSession> {
  const { session } = await app.client.callback(await authorize(app, options))
  return session
}

export interface DpopClaims {
  htm?: string
  htu?: string
  nonce?: string | undefined
  jti?: string
  /** Seconds since 1970. */
  iat?: number
  /** The access token that the proof is bound to. */
  token?: string | undefined
}

const algorithms: Record<string, [alg: string, hash: string]> = {
  'P-256': ['ES256', 'sha256'],
  secp256k1: ['ES256K', 'sha256'],
  'P-384': ['ES384', 'sha384'],
  'P-521': ['ES512', 'sha512'],
}

/** A DPoP proof (RFC 9449) signed with the key of an app's session. */
export function dpopProof(jwk: object, claims: DpopClaims): string {
  const { token, htm = 'GET', jti = randomUUID(), iat = Date.now() / 1000, ...rest } = claims
  const { kty, crv, x, y } = jwk as Record<string, string>
  const [alg, hash] = algorithms[crv!]!
  const ath = token && createHash('sha256').update(token).digest('base64url')
  const parts = [
    { typ: 'dpop+jwt', alg, jwk: { kty, crv, x, y } },
    { ...rest, htm, jti, iat: Math.floor(iat), ...(ath && { ath }) },
  ]
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const data = Buffer.from(signed.join('.'))
  const signature = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  return `${signed.join('.')}.${signature.toString('base64url')}`
}

/** A request with the access token of an app's session; `claims` override those of its proof. */
export async function dpopRequest(
  url: string,
  { dpopJwk, tokenSet }: Pick<NodeSavedSession, 'tokenSet'> & { dpopJwk: object },
  claims: DpopClaims & { body?: object } = {},
): Promise<Answer> {
  const { body, ...rest } = claims
  const token = tokenSet.access_token
  const htm = body === undefined ? 'GET' : 'POST'
  const wanted = { htm, htu: url.split('?')[0]!, token, ...rest }
  const response = await fetch(url, {
    method: htm,
    headers: {
      authorization: `DPoP ${token}`,
      dpop: dpopProof(dpopJwk, wanted),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const value = (await response.json()) as { error?: string; message?: string }
  const { status, headers } = response
  return { status, headers, body: value, error: value.error, message: value.message }
}
