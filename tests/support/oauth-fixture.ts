/** The authorization server without an engine: its stores on `node:sqlite`, an account, and a web that the test defines. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { accountActions } from '#actors/actions/account.ts'
import { authorizationActions } from '#actors/actions/authorization.ts'
import { XrpcError } from '#src/errors.ts'
import { type OAuthPorts, openOAuth } from '#src/gateway/oauth/open-oauth.ts'
import { signInPages } from '#src/gateway/pages/sign-in/routes.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import type { Actions } from '#src/rules/actions.ts'
import { openGateway } from '#tests/support/gateway.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { noMigrations } from '#tests/support/page-ports.ts'
import { type TestShard, testShard } from '#tests/support/test-shard.ts'

export const password = 'correct horse'
export const plcUrl = 'https://plc.example.com'

export interface OAuthFixture {
  /** The issuer. */
  url: string
  /** Documents by URL, served as JSON; a URL as the value is a redirect. */
  documents: Map<string, unknown>
  /** The URLs that the server fetched. */
  fetchedUrls: string[]
  /** What a fetch of the server waits for. */
  beforeFetch: (() => Promise<void>) | undefined
  /** The fetch of the test's app: it finds the account's DID document. */
  fetch: typeof globalThis.fetch
  /** What is counted by the rate limits, and the names of what is refused by them. */
  attempts: [name: string, address: string][]
  refusedAttempts: Set<string>
  /** What actions of the shards fail with, by `group.action`. */
  failingActions: Map<string, Error>
  shard(name: string): TestShard
  shards(): TestShard[]
  /** Each has the same password. */
  addAccount(did: string, handle: string): Promise<OpenAccount>
  /** The members of each group, as the directory knows them. */
  memberships: Map<string, string[]>
  /** Errors that the server logged. */
  errors: unknown[]
  close(): Promise<void>
}

interface Named {
  account: OpenAccount
  handle: string
}

export async function openOAuthFixture(
  hcaptcha?: OAuthPorts['config']['hcaptcha'],
): Promise<OAuthFixture> {
  const passwordHash = await hashPassword(password)
  const accounts = new Map<string, Named>()
  const addAccount: OAuthFixture['addAccount'] = async (did, handle) => {
    const account = await openTestAccount()
    // The provider uses the real clock, so the tokens must be current.
    Object.assign(account.clock, { now: () => Date.now() })
    await account.sql.batch([
      { sql: 'UPDATE account SET password_hash = ?, handle = ?', params: [passwordHash, handle] },
    ])
    account.profile.forget()
    const own: OpenAccount = Object.assign(account, { did })
    accounts.set(did, { account: own, handle })
    return own
  }
  await addAccount(testDid, 'alice.test')
  const memberships: OAuthFixture['memberships'] = new Map()
  const shards = new Map<string, TestShard>()
  const shard = (name: string) => {
    const found = shards.get(name) ?? testShard()
    found.clock.time = Date.now()
    shards.set(name, found)
    return found
  }
  const shardOf = (name: string) =>
    boundActions(authorizationActions, shard(name), (action) => {
      const error = failingActions.get(action)
      if (error !== undefined) throw error
    })
  const find = async ({ identifier }: { identifier: string }) => {
    const found = [...accounts].find(([did, { handle }]) => [did, handle].includes(identifier))
    return found === undefined ? null : { did: found[0], handle: found[1].handle, status: 'active' }
  }
  const dispatch = {
    account: (did: string) => boundActions(accountActions, accounts.get(did)!.account),
    authorization: shardOf,
    directory: {
      accounts: { find },
      memberships: {
        list: async ({ member }: { member: string }) => ({
          groups: await Promise.all(
            [...memberships]
              .filter(([, members]) => members.includes(member))
              .map(async ([did]) => (await find({ identifier: did }))!),
          ),
        }),
        find: async ({ account, member }: { account: string; member: string }) =>
          memberships.get(account)?.includes(member) ? { role: 'editor' } : null,
        isGroup: async ({ did }: { did: string }) => memberships.has(did),
      },
      settings: { get: async () => null, hasHandlesUnder: async () => false },
    },
  }
  const web = new Map<string, unknown>()
  const fetched: string[] = []
  const errors: unknown[] = []
  const attempts: OAuthFixture['attempts'] = []
  const refusedAttempts = new Set<string>()
  const failingActions: OAuthFixture['failingActions'] = new Map()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const plain = openGateway().server
  const context = {
    ...plain,
    dispatch: dispatch as never,
    service: { ...plain.service, publicUrl: url },
    createAccount: async () => ({ did: testDid }) as never,
    fetch: async (input: string | URL | Request, init?: RequestInit) => {
      const address = input instanceof Request ? input.url : String(input)
      fetched.push(address)
      await opened.beforeFetch?.()
      const found = web.get(address)
      if (found === undefined) return new Response('nothing here', { status: 404 })
      if (!(found instanceof URL)) return Response.json(found)
      if (init?.redirect === 'error') throw new TypeError('unexpected redirect')
      return Response.json(web.get(found.href))
    },
  }
  const branding: OAuthPorts['config']['branding'] = {
    name: 'the tests',
    logo: 'https://example.com/logo.png',
    colors: { primary: '#7c3aed', error: 'rgb(255, 0, 0)' },
    background: { dark: 'https://example.com/dark.png' },
    links: [{ title: { en: 'Support' }, href: 'https://example.com/help', rel: 'help' }],
  }
  const oauth = openOAuth({
    server: context,
    findAccount: async (name) => (await find({ identifier: name }))?.did,
    addressOf: () => '203.0.113.7',
    countedAddress: (address) => address,
    limitAttempts: async (name, { address }) => {
      attempts.push([name, address])
      if (refusedAttempts.has(name))
        throw new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded')
    },
    config: {
      branding,
      trustedClients: ['https://trusted.example.com/client-metadata.json'],
      lexiconAuthorityDid: undefined,
      hcaptcha,
      dpopSecretHex: undefined,
    },
    plcUrl,
    jwtSecret: 'a secret of the tests',
    clock: { now: () => Date.now() },
    log: { debug: () => {}, warn: () => {}, error: (what: unknown) => errors.push(what) } as never,
  })
  const app = new Hono<Env>()
  signInPages(app, {
    server: context,
    findAccount: async (name) => (await find({ identifier: name }))?.did,
    bodyTimeoutMs: 10_000,
    branding,
    secret: new Uint8Array(32),
    clock: { now: () => Date.now() },
    log: { error: (what: unknown) => errors.push(what) } as never,
    groups: oauth,
    authorizationPage: oauth.authorizationPage,
    migrations: noMigrations,
  })
  const listener = getRequestListener((request, { incoming }) =>
    app.fetch(request, { incoming } as Env['Bindings']),
  )
  server.on('request', (request, response) => {
    if (request.url === '/.well-known/oauth-protected-resource') {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ resource: url, authorization_servers: [url] }))
    } else oauth.handle(request, response, () => void listener(request, response))
  })
  const opened: OAuthFixture = {
    url,
    beforeFetch: undefined,
    documents: web,
    fetchedUrls: fetched,
    attempts,
    refusedAttempts,
    failingActions,
    shard,
    shards: () => [...shards.values()],
    addAccount,
    memberships,
    errors,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      if (!request.url.startsWith(plcUrl)) return fetch(request)
      const did = decodeURIComponent(new URL(request.url).pathname.slice(1))
      return Response.json(documentOf(url, did, accounts.get(did)?.handle))
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return opened
}

function documentOf(url: string, did: string, handle: string | undefined) {
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    alsoKnownAs: [`at://${handle}`],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: url }],
  }
}

/** Actions with their first argument bound, as callers see them. */
function boundActions(
  actions: Actions,
  subject: unknown,
  before: (action: string) => void = () => {},
): never {
  const lift =
    (feature: unknown, name: string) =>
    async (...args: unknown[]) => {
      before(name)
      return (feature as (...all: unknown[]) => unknown)(subject, ...args)
    }
  const groups = Object.entries(actions).map(([name, group]) => [
    name,
    Object.fromEntries(
      Object.entries(group).map(([action, feature]) => [
        action,
        lift(feature, `${name}.${action}`),
      ]),
    ),
  ])
  return Object.fromEntries(groups) as never
}
