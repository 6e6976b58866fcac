/** The server as the command line calls it: over XRPC, as its admin where that is needed. */
import { XrpcError } from '#src/errors.ts'

export interface ServerClient {
  readonly url: string
  /** A query; `params` that are undefined are left out. */
  get<T>(method: string, params?: Params): Promise<T>
  /** A procedure; as `nobody` where the server wants no credentials with it. */
  post<T>(method: string, input: object, as?: 'nobody'): Promise<T>
  /** The bytes that a query gives, as they come. */
  bytes(method: string, params?: Params): Promise<ReadableStream<Uint8Array>>
}

type Params = Record<string, string | number | readonly string[] | undefined>

/** Nobody waits longer for the first byte of an answer. */
const TIMEOUT_MS = 120_000

/** As a rule a call carries the admin's password, if there is one: it lets him see what others do not. */
export function createServerClient(url: string, adminPassword: string | undefined): ServerClient {
  const headers: Record<string, string> =
    adminPassword === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}` }

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const patience = new AbortController()
    const timeout = setTimeout(() => patience.abort(), TIMEOUT_MS)
    const response = await fetch(`${url}/xrpc/${path}`, { ...init, signal: patience.signal })
      .catch((error: Error) => {
        const { cause } = error as { cause?: { code?: string } }
        throw new Error(`${url} cannot be reached: ${cause?.code ?? error.message}`)
      })
      .finally(() => clearTimeout(timeout))
    if (response.ok) return response
    throw await errorOf(response)
  }

  async function read<T>(response: Response): Promise<T> {
    const body = await response.text()
    return (body === '' ? {} : JSON.parse(body)) as T
  }

  return {
    url,
    get: async <T>(method: string, params?: Params) =>
      read<T>(await ask(`${method}${queryOf(params)}`, { headers })),
    post: async <T>(method: string, input: object, as?: 'nobody') =>
      read<T>(
        await ask(method, {
          method: 'POST',
          headers: {
            ...(as === undefined ? headers : {}),
            'content-type': 'application/json',
          },
          body: JSON.stringify(input),
        }),
      ),
    async bytes(method, params) {
      const { body } = await ask(`${method}${queryOf(params)}`, { headers })
      if (body === null) throw new Error('the answer is empty')
      return body
    },
  }
}

/** A DID stays as it is; a handle is looked up among the accounts of the server, in whatever state they are. */
export async function lookUpDid(server: ServerClient, name: string): Promise<string> {
  if (name.startsWith('did:')) return name
  const handle = name.replace(/^@/, '').toLowerCase()
  for (let cursor: string | undefined; ; ) {
    const page = await server.get<{ accounts: { did: string; handle: string }[]; cursor?: string }>(
      'com.atproto.admin.searchAccounts',
      { email: handle, limit: 100, cursor },
    )
    const found = page.accounts.find((account) => account.handle.toLowerCase() === handle)
    if (found !== undefined) return found.did
    if (page.cursor === undefined) throw new Error(`there is no account with the handle ${handle}`)
    cursor = page.cursor
  }
}

function queryOf(params: Params = {}): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, String(one)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

async function errorOf(response: Response): Promise<XrpcError> {
  const body = await response.text()
  try {
    const { error, message } = JSON.parse(body) as { error?: string; message?: string }
    return new XrpcError(response.status, error ?? 'Error', message ?? response.statusText)
  } catch {
    return new XrpcError(response.status, 'Error', response.statusText)
  }
}
