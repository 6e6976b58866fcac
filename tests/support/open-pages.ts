/** A gateway with pages, over actors whose answers the test sets, and a browser that is signed in as its account. */
import { Readable } from 'node:stream'
import type { AppPorts } from '#src/gateway/app.ts'
import { type Actors, did, now, openGateway } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

const csrf = 'c'.repeat(32)

export interface ShownPage {
  status: number
  headers: Headers
  html: string
}

type Branding = NonNullable<AppPorts['pages']>['branding']

export function openPages(
  actors: Actors = {},
  branding: Branding = { name: 'Garden' },
  overrides: Partial<AppPorts> = {},
) {
  const account = {
    page: { check: () => undefined },
    identity: { getIdentity: () => ({ handle: 'alice.test', status: 'active' }) },
    ...actors.account,
  }
  const gateway = openGateway(
    { ...actors, account },
    {
      pages: pagePorts({ now: () => now }, branding),
      ...overrides,
    },
  )
  const cookie = `security-form=${csrf}; security-account=token.${did}`

  async function request(path: string, init: RequestInit): Promise<ShownPage> {
    const stream = Readable.from([Buffer.from(String(init.body ?? ''))])
    const incoming = Object.assign(stream, { url: path, socket: {}, headers: init.headers ?? {} })
    const response = await gateway.app.request(path, init, { incoming })
    const { status, headers } = response
    return { status, headers, html: await response.text() }
  }

  return {
    gateway,
    cookie,
    /** As a browser that is signed in. */
    open: (path: string, headers: Record<string, string> = {}) =>
      request(path, { headers: { accept: 'text/html', cookie, ...headers } }),
    submit: (path: string, fields: Record<string, string> = {}, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...headers },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      }),
    /** As a caller without cookies. */
    fetch: (path: string, headers: Record<string, string> = {}) => request(path, { headers }),
  }
}
