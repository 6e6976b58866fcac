/** XRPC client of the command line; authenticates as the admin. */
import { XrpcError } from '#src/errors.ts'

/** A method is an NSID, or a path that begins with a slash. */
export interface ServerClient {
  readonly url: string
  /** With the admin's credentials, if they are known. */
  readonly headers: Record<string, string>
  get<T>(method: string, params?: Params): Promise<T>
  post<T>(method: string, input: object): Promise<T>
  put<T>(path: string, input: object): Promise<T>
  bytes(method: string, params?: Params): Promise<ReadableStream<Uint8Array>>
  /** The body as it arrives, without compression, which would hold it back. */
  postForBytes(method: string, input: object): Promise<ReadableStream<Uint8Array>>
  /** The same client with more headers. */
  withHeaders(more: Record<string, string>): ServerClient
}

type Params = Record<string, string | number | readonly string[] | undefined>

/** The error of a response that names none: it is not from the server. */
export const UNNAMED = 'Error'

// Until the response headers; a body may take longer.
const TIMEOUT_MS = 120_000

export function createServerClient(
  url: string,
  adminPassword: string | undefined,
  more: Record<string, string> = {},
): ServerClient {
  const headers: Record<string, string> =
    adminPassword === undefined
      ? more
      : {
          authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
          ...more,
        }

  async function request(path: string, init: RequestInit): Promise<Response> {
    const controller = new AbortController()
    const timeout = setTimeout(() => controller.abort(), TIMEOUT_MS)
    const target = path.startsWith('/') ? `${url}${path}` : `${url}/xrpc/${path}`
    const response = await fetch(target, { ...init, signal: controller.signal })
      .catch((error: Error) => {
        const { cause } = error as { cause?: { code?: string } }
        const reason = cause?.code ?? error.message
        throw new Error(
          `${url} cannot be reached (${reason}): does the server run? --url or HEADWATER_URL names another address`,
        )
      })
      .finally(() => clearTimeout(timeout))
    if (response.ok) return response
    throw await errorOf(response)
  }

  async function read<T>(response: Response): Promise<T> {
    const body = await response.text()
    return (body === '' ? {} : JSON.parse(body)) as T
  }

  const send = (verb: string, input: object): RequestInit => ({
    method: verb,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  })

  return {
    url,
    headers,
    withHeaders: (added) => createServerClient(url, adminPassword, { ...more, ...added }),
    get: async <T>(method: string, params?: Params) =>
      read<T>(await request(`${method}${queryOf(params)}`, { headers })),
    post: async <T>(method: string, input: object) =>
      read<T>(await request(method, send('POST', input))),
    put: async <T>(path: string, input: object) => read<T>(await request(path, send('PUT', input))),
    bytes: async (method, params) =>
      bodyOf(await request(`${method}${queryOf(params)}`, { headers })),
    async postForBytes(method, input) {
      const { headers: usual, ...init } = send('POST', input)
      const encoding = { 'accept-encoding': 'identity' }
      return bodyOf(await request(method, { ...init, headers: { ...usual, ...encoding } as never }))
    },
  }
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new Error('the response has no body')
  return body
}

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
    if (page.cursor === undefined) throw new Error(`no account with handle ${handle}`)
    cursor = page.cursor
  }
}

function queryOf(params: Params = {}): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((item): [string, string] => [name, String(item)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

async function errorOf(response: Response): Promise<XrpcError> {
  const { status, statusText } = response
  const { error = UNNAMED, message = statusText } = await response
    .json()
    .catch(() => ({}))
    .then((body) => body as { error?: string; message?: string })
  const retryAfter = response.headers.get('retry-after')
  const headers = retryAfter === null ? {} : { headers: { 'retry-after': retryAfter } }
  return Object.assign(new XrpcError(status, error, message), headers)
}
