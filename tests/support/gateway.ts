/** A gateway without sockets, over actors whose answers the test sets. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { type AppPorts, createApp } from '#src/gateway/app.ts'
import type { Archives } from '#src/gateway/archives/open-archives.ts'
import { requestedHost } from '#src/gateway/http/client-address.ts'
import { HandleRulesCache } from '#src/gateway/identity/handle-rules-cache.ts'
import type { ServerIdentity } from '#src/gateway/identity/open-identity.ts'
import { methods } from '#src/gateway/methods/table.ts'
import { Health } from '#src/gateway/operator/health.ts'
import type { Provisioning } from '#src/gateway/provisioning/open-provisioning.ts'
import { openServices } from '#src/gateway/proxy/services.ts'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { uncountedSignIns } from '#src/gateway/xrpc/failed-sign-ins.ts'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Mail } from '#src/ports/mailer.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { signToken } from '#tests/support/session-tokens.ts'

export const did = 'did:plc:abcdefghijklmnopqrstuvwx'
export const handle = 'alice.test'
export const adminPassword = 'let me in'
export const now = Date.UTC(2026, 10, 20)

const serviceDid = 'did:web:localhost'
export const moderationServiceDid = 'did:web:mod.example.com'
const jwtSecret = new TextEncoder().encode('a secret of the tests')

type Actions = Record<string, Record<string, (...args: never[]) => unknown>>

export interface Actors {
  /** The answers of the one account, alice's. */
  account?: Actions
  directory?: Actions
  sequencer?: Actions
  /** The one tenant, and the webhooks of the server. */
  tenant?: Actions
  webhooks?: Actions
  /** False if the account sleeps; then the directory and the sequencer may answer for it. */
  isAwake?: boolean
}

const noProvisioning = new Proxy({} as Provisioning, {
  get: () => {
    throw new Error('the test has no provisioning')
  },
})

const noArchives = new Proxy({} as Archives, {
  get: (_, name) => {
    if (name === 'isConfigured') return false
    throw new Error('the test has no archives')
  },
})

export type Gateway = ReturnType<typeof openGateway>

/**
 * Builds the application. `calls` has every call that reached an actor: `group.action` and its arguments; `callers`
 * whom the account was asked for, and `wakes` what for.
 */
export function openGateway(actors: Actors = {}, overrides: Partial<AppPorts> = {}) {
  const calls: [action: string, ...args: unknown[]][] = []
  const callers: (string | undefined)[] = []
  const wakes: ('read' | 'sign in' | undefined)[] = []
  const observed: [method: string, status: number][] = []
  const errors: unknown[] = []
  const sent: Mail[] = []
  const alice = { did, handle, status: 'active' }
  const find = async ({ identifier }: { identifier: string }) => {
    return [did, handle].includes(identifier) ? alice : null
  }
  const accounts = { find, ...actors.directory?.['accounts'] }
  const dispatch = {
    account: (_: string, caller?: string, wakeFor?: 'read' | 'sign in') => {
      callers.push(caller)
      wakes.push(caller === undefined ? undefined : (wakeFor ?? 'read'))
      return recorded(actors.account ?? {}, calls)
    },
    isAwake: () => actors.isAwake ?? true,
    directory: recorded({ ...actors.directory, accounts }, calls),
    sequencer: recorded(actors.sequencer ?? {}, calls),
    tenant: () => recorded(actors.tenant ?? {}, calls),
    webhooks: () => recorded(actors.webhooks ?? {}, calls),
  } as unknown as Dispatch
  const clock = { now: () => now }
  const identity = testIdentity(dispatch, clock)
  const server: ServerContext = {
    dispatch,
    blobs: memoryBlobStorage(),
    archives: noArchives,
    services: openServices({
      ...{ dispatch, maxBytes: 1_000_000, preferCompressed: false },
      resolver: identity.resolver,
      defaults: { appView: undefined, moderation: undefined, report: undefined },
      request: async () => Promise.reject(new TypeError('the tests have no network')),
      warn: ({ ...facts }, what) => errors.push({ ...facts, what }),
    }),
    fetch: async () => Promise.reject(new TypeError('the tests have no network')),
    mailer: { send: async (mail) => void sent.push(mail), check: async () => {} },
    moderationMailer: { send: async (mail) => void sent.push(mail), check: async () => {} },
    movedAccounts: { mustBeHere: () => {}, forget: () => {} },
    crawlers: {
      notify: () => {},
      request: async () => [],
    },
    relays: {
      relays: [],
      hostStatus: async () => ({ status: 'active', accounts: undefined, seq: undefined }),
      rows: async () => [],
      setLimit: async () => {},
    },
    addressOf: () => '192.0.2.1',
    requestedHost: requestedHost([]),
    failedSignIns: uncountedSignIns,
    tenantBrand: async () => undefined,
    backgroundTasks: new BackgroundTasks((error) => errors.push(error)),
    resolver: identity.resolver,
    handles: identity.handles,
    identity,
    rotateSigningKey: async () => {},
    handleRules: identity.handleRules,
    createAccount: async () => ({ did, handle, accessJwt: 'access', refreshJwt: 'refresh' }),
    createGroup: async () => ({ did, handle }),
    provisioning: noProvisioning,
    reserveSigningKey: async () => ({ signingKey: 'did:key:z' }),
    activateAccount: async () => {},
    deleteAccount: async () => {},
    service: {
      did: serviceDid,
      hostname: 'localhost',
      publicUrl: 'http://localhost:2583',
      version: '1.2.3',
      handleDomains: ['.test'],
      inviteRequired: false,
      signUps: { perBlock: 20, perServer: 200 },
      routineInvites: undefined,
      mail: { serviceName: 'localhost PDS', confirmationLink: true },
      blobUploadLimit: 5_000_000,
      maxGroups: 10,
      imports: { accepted: true, maxBytes: 2 ** 40 },
      privacyPolicyUrl: undefined,
      termsOfServiceUrl: 'https://example.com/terms',
      contactEmail: undefined,
    },
    ...overrides.server,
  }
  const authenticate = authenticator({
    ...{ serviceDid, jwtSecret, adminPassword, clock, moderationServiceDid },
    resolver: server.resolver,
  })
  const app = createApp({
    methods,
    authenticate,
    findAccount: accountFinder(dispatch),
    metrics: {
      observe: (method, status) => observed.push([method, status]),
      observeHttp: () => {},
      rateLimited: () => {},
      render: async () => ({ text: 'calls 1\n', type: 'text/plain' }),
    },
    health: new Health({
      build: { release: 7, schemas: { account: 3 } },
      ...{ dispatch, clock, live: { list: () => [], putToSleep: 0 }, log: { warn: () => {} } },
      engine: undefined,
      dataDirectory: '.',
      checkBlobs: undefined,
      disk: { isLow: false },
      storeWatch: undefined,
      storeSize: async () => ({ bytes: 5_000, walBytes: 300 }),
      archives: undefined,
      relays: undefined,
      maxAwakeAccounts: 9,
    }),
    log: { debug: () => {}, warn: () => {}, error: (what: unknown) => errors.push(what) } as never,
    bodyTimeoutMs: 1_000,
    adminPassword,
    metricsOpen: false,
    ...overrides,
    server,
  })
  return { app, authenticate, calls, callers, wakes, observed, errors, sent, server }
}

/** An identity without a network: no other handle or DID resolves, and no settings are stored. */
function testIdentity(dispatch: Dispatch, clock: Clock): ServerIdentity {
  const rotationKey = newSigningKey().key
  const handles = { resolve: async () => undefined }
  const settings = {
    getHandleRules: async () => ({ value: null, domains: [] }),
    put: async () => {},
    hasHandlesUnder: async () => false,
  }
  const domains = ['.test']
  const knownHandleRules = new HandleRulesCache({
    dispatch: { directory: { settings } },
    clock,
    domains,
  })
  return {
    dispatch,
    log: { warn: () => {} },
    plc: {
      sendOperation: async () => {},
      getDocumentData: async () => undefined,
      getLastOp: async () => undefined,
      getOperationLog: async () => [],
    },
    rotationKey,
    handles,
    externalHandles: handles,
    handleRulesCache: knownHandleRules,
    resolveTxt: async () => null,
    handleRules: () => knownHandleRules.rules(),
    resolver: { resolve: async () => undefined, refresh: async () => undefined },
    credentials: {
      publicUrl: 'http://localhost:2583',
      rotationKeyDid: rotationKey.did(),
      recoveryKeyDid: undefined,
    },
    didDocWithSession: false,
  }
}

function recorded(actions: Actions, calls: [string, ...unknown[]][]): object {
  const group = (name: string) =>
    Object.fromEntries(
      Object.entries(actions[name] ?? {}).map(([action, answer]) => [
        action,
        async (...args: never[]) => {
          calls.push([`${name}.${action}`, ...args])
          return answer(...args)
        },
      ]),
    )
  return Object.fromEntries(Object.keys(actions).map((name) => [name, group(name)]))
}

/** Headers with an access token. */
export function asAccount(subject = did, { at = now, scope = 'com.atproto.access' } = {}) {
  const iat = Math.floor(at / 1000)
  const claims = { scope, aud: serviceDid, sub: subject, iat, exp: iat + 120 * 60 }
  return { authorization: `Bearer ${signToken({ typ: 'at+jwt' }, claims, jwtSecret)}` }
}

/** Headers with a refresh token whose id is `one`. */
export function withRefreshToken({ at = now, audience = serviceDid } = {}) {
  const iat = Math.floor(at / 1000)
  const session = { scope: 'com.atproto.refresh', aud: audience, sub: did, jti: 'one' }
  const claims = { ...session, iat, exp: iat + 90 * 24 * 3600 }
  return { authorization: `Bearer ${signToken({ typ: 'refresh+jwt' }, claims, jwtSecret)}` }
}

export function asAdmin(password = adminPassword) {
  return { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` }
}

/** POSTs a body as JSON; a string is sent as it is. */
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

export function get(
  { app }: Gateway,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return Promise.resolve(app.request(`/xrpc/${path}`, { headers }))
}

/** Status, error name and message of a response. */
export async function outcome(answer: Response | Promise<Response>) {
  const response = await answer
  const { error, message } = (await response.json()) as { error?: string; message?: string }
  return { status: response.status, error, message }
}
