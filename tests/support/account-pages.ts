/** The account area over real accounts, and browsers that are signed in with their passwords. */
import { Readable } from 'node:stream'
import { accountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { OwnArchives } from '#src/gateway/archives/open-own-archives.ts'
import type { PageStreams } from '#src/gateway/pages/live/page-streams.ts'
import type { Clock } from '#src/ports/clock.ts'
import { openGateway } from '#tests/support/gateway.ts'
import { type MemoryBlobStorage, memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

type Action = (account: Account, ...args: unknown[]) => Promise<unknown>

const password = 'correct horse battery'

export interface AccountBrowser {
  cookies: Map<string, string>
  send(path: string, init?: RequestInit): Promise<Response>
  open(path: string): Promise<{ status: number; html: string; location: string | null }>
  submit(
    path: string,
    fields?: Record<string, string>,
  ): Promise<{ status: number; html: string; location: string | null }>
}

/** Calls actions by their names, as the dispatch does. */
export function remoteOf(account: Account) {
  const actions = accountActions as unknown as Record<string, Record<string, Action>>
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, action) =>
          (...args: unknown[]) =>
            actions[name]![String(action)]!(account, ...args),
      },
    )
  return new Proxy({}, { get: (_, name) => group(String(name)) })
}

/** `accounts` by DID; the handle of each is the name that its DID ends with, below `.test`. */
export function openAccountPages(
  accounts: Readonly<Record<string, Account>>,
  {
    blobs = memoryBlobStorage(),
    live,
    clock = { now: () => Date.now() },
    archives,
  }: {
    blobs?: MemoryBlobStorage
    live?: PageStreams
    clock?: Clock
    archives?: { own: Partial<OwnArchives> }
  } = {},
) {
  const nameOf = (did: string) => `${did.split(':').at(-1)}.test`
  const find = async ({ identifier }: { identifier: string }) => {
    const did = Object.keys(accounts).find((one) => [one, nameOf(one)].includes(identifier))
    return did === undefined ? null : { did, handle: nameOf(did), status: 'active' }
  }
  const directory = {
    accounts: { find, getInfos: async () => [] },
    memberships: { list: async () => ({ groups: [] }), isGroup: async () => false },
    invites: { getForAccount: async () => ({ codes: [] }) },
  }
  const account = (did: string) => remoteOf(accounts[did]!)
  const dispatch = { account, directory, isAwake: () => true } as unknown as Dispatch
  const { app, errors } = openGateway(
    { directory },
    {
      server: { dispatch, blobs, archives } as never,
      pages: { ...pagePorts(clock), ...(live !== undefined && { live }) },
      findAccount: async (name) => (await find({ identifier: name }))?.did,
    },
  )

  function newBrowser(): AccountBrowser {
    const cookies = new Map<string, string>()
    let csrf = ''
    async function send(path: string, init: RequestInit = {}): Promise<Response> {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { accept: 'text/html', ...(init.headers as object), cookie }
      const body = Readable.from([Buffer.from(String(init.body ?? ''))])
      const incoming = Object.assign(body, { url: path, socket: {}, headers })
      const response = await app.request(path, { ...init, headers }, { incoming })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return response
    }
    async function page(path: string, init: RequestInit = {}) {
      const response = await send(path, init)
      const html = await response.text()
      csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? csrf
      return { status: response.status, html, location: response.headers.get('location') }
    }
    const submit = (path: string, fields: Record<string, string> = {}) =>
      page(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      })
    return { cookies, send, open: (path) => page(path), submit }
  }

  return {
    errors,
    newBrowser,
    async signIn(did: string): Promise<AccountBrowser> {
      await setPassword(accounts[did]!, { password })
      const browser = newBrowser()
      await browser.open('/account')
      const fields = { do: 'sign-in', identifier: nameOf(did), password }
      await browser.submit('/account/sign-in?next=%2Faccount', fields)
      return browser
    },
  }
}
