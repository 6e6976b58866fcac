/** A client of group accounts, with plain fetch: for sessions, and for service tokens with `act-as`. */
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
