/** Every kind of credentials that may listen to alice's events, and what each could read of her by a query. */
import { AtpAgent } from '@atproto/api'
import type { OAuthServer } from '#tests/support/oauth-server.ts'
import { adminPassword, type TestAccount } from '#tests/support/server.ts'

/** Calls the server with one kind of credentials. */
export type Caller = (path: string, init?: RequestInit) => Promise<Response>

export const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
export const bearer = (agent: AtpAgent) => `Bearer ${agent.session?.accessJwt}`

/** Calls a method of the group, a procedure if there is a body. */
export const realtimeCall = (url: string) => async (name: string, as: string, body?: object) => {
  const response = await fetch(`${url}/xrpc/dev.headwater.realtime.${name}`, {
    headers: { authorization: as, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, body: answer }
}

export interface RealtimeCallers {
  callers: Record<string, Caller>
  /** By kind of event. */
  couldRead: Record<string, (name: string, caller: Caller) => Promise<boolean> | boolean>
  serviceToken(): Promise<string>
}

export async function realtimeCallers(
  oauth: OAuthServer,
  bob: TestAccount,
): Promise<RealtimeCallers> {
  const { server, alice } = oauth
  const by =
    (as: string): Caller =>
    (path, init) =>
      fetch(server.url + path, { ...init, headers: { ...init?.headers, authorization: as } })
  const app = async (scope: string): Promise<Caller> => {
    const { session } = await oauth.signIn(`atproto ${scope}`.trim())
    return (path, init) => session.fetchHandler(path, init)
  }
  async function appPasswordHeader(password: string): Promise<string> {
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: alice.handle, password })
    return bearer(agent)
  }
  async function withAppPassword(name: string, privileged: boolean): Promise<Caller> {
    const { data } = await alice.agent.com.atproto.server.createAppPassword({ name, privileged })
    return by(await appPasswordHeader(data.password))
  }
  const { did: serverDid } = (await alice.agent.com.atproto.server.describeServer()).data
  const serviceToken = async () => {
    const lxm = 'dev.headwater.realtime.subscribe'
    const given = { aud: serverDid, lxm }
    return `Bearer ${(await alice.agent.com.atproto.server.getServiceAuth(given)).data.token}`
  }
  const watch = `rpc:dev.headwater.realtime.watchSecurity?aud=${serverDid}%23realtime`
  const callers: Record<string, Caller> = {
    session: by(bearer(alice.agent)),
    'app password': await withAppPassword('plain', false),
    'privileged app password': await withAppPassword('privileged', true),
    'app without scopes': await app(''),
    'app with transitional scopes': await app('transition:generic transition:email'),
    'app with account:email': await app('account:email'),
    'app with watchSecurity': await app(watch),
    'app with the permission set': await app(
      `include:dev.headwater.realtime.authFull?aud=${serverDid}%23realtime`,
    ),
    'service token': by(await serviceToken()),
    'another account': by(bearer(bob.agent)),
    admin: by(admin),
  }
  const xrpc = async (caller: Caller, method: string) => caller(`/xrpc/${method}`)
  const isOk = async (caller: Caller, method: string) => (await xrpc(caller, method)).ok
  const hasEmail = async (caller: Caller) => {
    const own = await xrpc(caller, 'com.atproto.server.getSession')
    if (own.ok) {
      const session = (await own.json()) as { did: string; email?: string }
      return session.did === alice.did && session.email !== undefined
    }
    return isOk(caller, `com.atproto.admin.getAccountInfo?did=${alice.did}`)
  }
  /** Of alice: the answer of another account is about itself. */
  const ofAlice = async (name: string, caller: Caller, method: string) =>
    name !== 'another account' && isOk(caller, method)
  /** The account page is for those who know the password: what takes a full session stands for it. */
  const page = (name: string) => name === 'session'
  const security = (name: string) =>
    page(name) || name === 'app with watchSecurity' || name === 'app with the permission set'
  const couldRead: Record<string, (name: string, caller: Caller) => Promise<boolean> | boolean> = {
    commit: (_, caller) =>
      isOk(caller, `com.atproto.repo.listRecords?repo=${alice.did}&collection=app.bsky.feed.post`),
    identity: (_, caller) =>
      isOk(caller, `com.atproto.identity.resolveHandle?handle=${alice.handle}`),
    account: (_, caller) => isOk(caller, `com.atproto.sync.getRepoStatus?did=${alice.did}`),
    sync: (_, caller) => isOk(caller, `com.atproto.sync.listRepos`),
    preferences: (name, caller) => ofAlice(name, caller, 'app.bsky.actor.getPreferences'),
    // Apps cannot call listAppPasswords; the scope stands for the page.
    appPassword: async (name, caller) =>
      (await ofAlice(name, caller, 'com.atproto.server.listAppPasswords')) || security(name),
    email: (_, caller) => hasEmail(caller),
    session: security,
    factor: security,
    security,
    grant: (name) => security(name) || name.startsWith('app w'),
    blob: page,
    moderation: async (name, caller) =>
      page(name) || isOk(caller, `com.atproto.admin.getSubjectStatus?did=${alice.did}`),
  }

  return { callers, couldRead, serviceToken }
}
