/** A gateway without sockets, over actors that answer as the test at hand wants them to. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { accountFinder } from '#src/gateway/accounts.ts'
import { type AppPorts, createApp } from '#src/gateway/app.ts'
import { authenticator } from '#src/gateway/authenticate.ts'
import { issueTokens } from '#src/sessions/tokens.ts'
import type { Surface } from '#src/xrpc/surface.ts'
import { methods } from '#src/xrpc/table.ts'

export const did = 'did:plc:abcdefghijklmnopqrstuvwx'
export const handle = 'alice.test'
export const adminPassword = 'let me in'
export const now = Date.UTC(2026, 10, 20)

const serviceDid = 'did:web:localhost'
const jwtSecret = new TextEncoder().encode('a secret of the tests')

type Menu = Record<string, Record<string, (...args: never[]) => unknown>>

export interface Actors {
  /** What the one account answers; it is alice's. */
  account?: Menu
  directory?: Menu
  sequencer?: Menu
}

export type Gateway = ReturnType<typeof openGateway>

/** Builds the application; every call that reached an actor is kept in `calls`, as `group.action` and arguments. */
export function openGateway(actors: Actors = {}, overrides: Partial<AppPorts> = {}) {
  const calls: [action: string, ...args: unknown[]][] = []
  const observed: [method: string, status: number][] = []
  const errors: unknown[] = []
  const alice = { did, handle, status: 'active' }
  const find = async ({ identifier }: { identifier: string }) => {
    return [did, handle].includes(identifier) ? alice : null
  }
  const accounts = { find, ...actors.directory?.['accounts'] }
  const dispatch = {
    account: () => recorded(actors.account ?? {}, calls),
    directory: recorded({ ...actors.directory, accounts }, calls),
    sequencer: recorded(actors.sequencer ?? {}, calls),
  } as unknown as Dispatch
  const clock = { now: () => now }
  const server: Surface = {
    dispatch,
    resolver: { resolve: async () => undefined },
    createAccount: async () => ({ did, handle, accessJwt: 'access', refreshJwt: 'refresh' }),
    service: {
      did: serviceDid,
      hostname: 'localhost',
      publicUrl: 'http://localhost:2583',
      version: '1.2.3',
      handleDomains: ['.test'],
      inviteRequired: false,
      blobUploadLimit: 5_000_000,
      privacyPolicyUrl: undefined,
      termsOfServiceUrl: 'https://example.com/terms',
      contactEmail: undefined,
    },
    ...overrides.server,
  }
  const app = createApp({
    methods,
    authenticate: authenticator({ serviceDid, jwtSecret, adminPassword, clock }),
    findAccount: accountFinder(dispatch),
    metrics: {
      observe: (method, status) => observed.push([method, status]),
      render: async () => ({ text: 'calls 1\n', type: 'text/plain' }),
    },
    log: { debug: () => {}, error: (what: unknown) => errors.push(what) } as never,
    bodyTimeoutMs: 1_000,
    adminPassword,
    metricsOpen: false,
    ...overrides,
    server,
  })
  return { app, calls, observed, errors }
}

function recorded(menu: Menu, calls: [string, ...unknown[]][]): object {
  const group = (name: string) =>
    Object.fromEntries(
      Object.entries(menu[name] ?? {}).map(([action, answer]) => [
        action,
        async (...args: never[]) => {
          calls.push([`${name}.${action}`, ...args])
          return answer(...args)
        },
      ]),
    )
  return Object.fromEntries(Object.keys(menu).map((name) => [name, group(name)]))
}

/** Headers with an access token. */
export function asAccount(subject = did, { at = now, scope = 'com.atproto.access' } = {}) {
  const terms = { secret: jwtSecret, audience: serviceDid, now: at }
  const { accessJwt } = issueTokens({ did: subject, tokenId: 'one', scope }, terms)
  return { authorization: `Bearer ${accessJwt}` }
}

/** Headers with a refresh token whose id is `one`. */
export function withRefreshToken({ at = now, audience = serviceDid } = {}) {
  const { refreshJwt } = issueTokens(
    { did, tokenId: 'one' },
    { secret: jwtSecret, audience, now: at },
  )
  return { authorization: `Bearer ${refreshJwt}` }
}

export function asAdmin(password = adminPassword) {
  return { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` }
}

/** POSTs a body as JSON; text is sent as it is. */
export function post(
  { app }: Gateway,
  method: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const length = String(Buffer.byteLength(text))
  return Promise.resolve(
    app.request(`/xrpc/${method}`, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    }),
  )
}

/** GETs a method. */
export function get(
  { app }: Gateway,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return Promise.resolve(app.request(`/xrpc/${path}`, { headers }))
}

/** Status, error name and message of an answer, for one look. */
export async function outcome(answer: Response | Promise<Response>) {
  const response = await answer
  const { error, message } = (await response.json()) as { error?: string; message?: string }
  return { status: response.status, error, message }
}
