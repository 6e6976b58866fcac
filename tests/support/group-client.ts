/** A client of group accounts, with plain fetch: for sessions, and for service tokens with `act-as`. */
import { AtpAgent, type AtpSessionData } from '@atproto/api'
import { expect } from 'vitest'
import type { TestAccount, TestServer } from '#tests/support/server.ts'

export interface Answer {
  status: number
  body: Record<string, unknown>
}

interface Call {
  headers?: Record<string, string>
  input?: object
  query?: object
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The body of an answer that is no error. */
export function ok(answer: Answer): Record<string, unknown> {
  expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 })
  return answer.body
}

export const failed = (status: number, error: string) => ({ status, body: { error } })

export function groupClient(server: Pick<TestServer, 'url'>) {
  async function fetched(nsid: string, { headers, input, query = {} }: Call): Promise<Answer> {
    const params = new URLSearchParams(query as Record<string, string>)
    const response = await fetch(`${server.url}/xrpc/${nsid}?${params}`, {
      method: input === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(input && { 'content-type': 'application/json' }) },
      ...(input && { body: JSON.stringify(input) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }

  /** A service token of the account for a method of this server. */
  async function tokenFor({ agent }: TestAccount, lxm: string): Promise<string> {
    const { did: aud } = (await agent.com.atproto.server.describeServer()).data
    return (await agent.com.atproto.server.getServiceAuth({ aud, lxm })).data.token
  }

  return {
    fetched,
    tokenFor,
    /** A method of dev.headwater.group, with the session of the account. */
    ask: ({ agent }: TestAccount, name: string, input?: object, query?: object) =>
      fetched(`dev.headwater.group.${name}`, {
        headers: bearer(agent.session!.accessJwt),
        ...(input && { input }),
        ...(query && { query }),
      }),
    /** A call as the group, with a service token of the member. */
    actAs: async (who: TestAccount, group: string, nsid: string, call: Call = {}) => {
      const headers = { ...bearer(await tokenFor(who, nsid)), 'act-as': group }
      return fetched(nsid, { headers, ...call })
    },
  }
}

/** A group of the account, written to by its owner: an account to all clients. */
export async function createTestGroup(
  server: Pick<TestServer, 'url'>,
  owner: TestAccount,
  name: string,
): Promise<TestAccount> {
  const { ask } = groupClient(server)
  const { did, handle } = ok(await ask(owner, 'create', { handle: `${name}.test` })) as {
    did: string
    handle: string
  }
  return { did, handle, password: '', agent: await sessionAs(server, owner, did) }
}

/** A session of the member as the group. */
export async function sessionAs(
  server: Pick<TestServer, 'url'>,
  member: TestAccount,
  account: string,
): Promise<AtpAgent> {
  const { ask } = groupClient(server)
  const session = ok(await ask(member, 'createSession', { account })) as never as AtpSessionData
  const agent = new AtpAgent({ service: server.url })
  await agent.resumeSession(session)
  return agent
}

export interface AuditEntry {
  action: string
  actor: string
  target?: string
  rev?: string
}

/** The whole audit log of a group, newest first. */
export async function auditEntries(
  server: Pick<TestServer, 'url'>,
  owner: TestAccount,
  account: string,
): Promise<AuditEntry[]> {
  const { ask } = groupClient(server)
  const entries: AuditEntry[] = []
  for (let cursor: string | undefined; ; ) {
    const query = { account, limit: 100, ...(cursor && { cursor }) }
    const page = ok(await ask(owner, 'getAuditLog', undefined, query)) as {
      entries: AuditEntry[]
      cursor?: string
    }
    entries.push(...page.entries)
    if (page.cursor === undefined) return entries
    cursor = page.cursor
  }
}

/** The revs of the commits in the audit log of a group, one for each row. */
export async function auditedRevs(
  server: Pick<TestServer, 'url'>,
  owner: TestAccount,
  account: string,
): Promise<string[]> {
  const writes = (await auditEntries(server, owner, account)).filter(({ action }) =>
    action.startsWith('repo.'),
  )
  return writes.flatMap(({ rev }) => rev ?? [])
}
