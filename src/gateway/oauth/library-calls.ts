/** Calls the OAuth library's pages and their API within this process, for pages of ours that take their place. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Middleware } from '#src/gateway/oauth/provider-middleware.ts'

/** The library's response, of which the caller decides what the browser gets. */
export interface HeldResponse {
  status: number
  headers: Record<string, string | string[]>
  cookies: string[]
  body: string
}

export interface ApiAnswer {
  status: number
  json: Record<string, unknown>
  cookies: string[]
}

export interface ApiCall {
  /** Below the API's path, such as `/consent`. */
  endpoint: string
  input: object
  /** The page that calls, within this server: the library finds the authorization request in its URL. */
  page: string
  /** An ephemeral token of the account that calls. */
  as?: string | undefined
}

const apiPath = '/@atproto/oauth-provider/~api'
const csrfCookie = 'csrf-token'
/** Only in the cookie and the header of this call. The form behind the call was checked by our own token. */
const csrf = '0'.repeat(24)

/** Rejects with what the library throws. */
export function holdResponse(
  middleware: Middleware,
  request: IncomingMessage,
): Promise<HeldResponse> {
  return new Promise((resolve, reject) => {
    const response = new ServerResponse(request)
    const held: ServerResponse = Object.assign(response, {
      writeHead(status: number, headers: Record<string, string> = {}) {
        response.statusCode = status
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        return held
      },
      end(body: unknown = '') {
        resolve(heldOf(response, String(body)))
        return held
      },
    } as unknown as Pick<ServerResponse, 'writeHead' | 'end'>)
    middleware(request, held, (error) => reject(error ?? new Error('the library has no such page')))
  })
}

export async function callApi(
  middleware: Middleware,
  incoming: IncomingMessage & { ip?: string },
  issuer: string,
  { endpoint, input, page, as }: ApiCall,
): Promise<ApiAnswer> {
  const { cookie } = incoming.headers
  const request = requestAs(incoming, issuer, {
    method: 'POST',
    url: apiPath + endpoint,
    page,
    body: JSON.stringify(input),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'sec-fetch-mode': 'same-origin',
      cookie: [...(cookie ? [withoutCsrf(cookie)] : []), `${csrfCookie}=${csrf}`].join('; '),
      'x-csrf-token': csrf,
      authorization: as === undefined ? undefined : `Bearer ${as}`,
    },
  })
  const { status, cookies, body } = await holdResponse(middleware, request)
  return { status, cookies, json: JSON.parse(body) as Record<string, unknown> }
}

/** A navigation of the browser from one of our pages to a page of the library, such as the one that leads to the app. */
export function openPage(
  middleware: Middleware,
  incoming: IncomingMessage,
  issuer: string,
  { url, page }: { url: string; page: string },
): Promise<HeldResponse> {
  const headers = {
    accept: 'text/html',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  const request = requestAs(incoming, issuer, { method: 'GET', url, page, body: '', headers })
  return holdResponse(middleware, request)
}

/** A request of the same browser, from a page of this server. */
function requestAs(
  incoming: IncomingMessage & { ip?: string },
  issuer: string,
  made: {
    method: string
    url: string
    page: string
    body: string
    headers: Record<string, string | undefined>
  },
): IncomingMessage {
  const { method, url, page, body, headers } = made
  const request = Object.assign(Readable.from(body === '' ? [] : [Buffer.from(body)]), {
    ...{ method, url, httpVersionMajor: 1, httpVersionMinor: 1 },
    socket: incoming.socket,
    ip: incoming.ip,
    headers: {
      ...incoming.headers,
      // These headers of the browser describe its form, not this call.
      'content-length': undefined,
      'content-encoding': undefined,
      'content-type': undefined,
      origin: new URL(issuer).origin,
      referer: new URL(page, issuer).href,
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
  })
  return request as unknown as IncomingMessage
}

function heldOf(response: ServerResponse, body: string): HeldResponse {
  const { 'set-cookie': cookies, ...headers } = response.getHeaders()
  return {
    status: response.statusCode,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value : String(value),
      ]),
    ),
    cookies: [cookies ?? []]
      .flat()
      .map(String)
      .filter((line) => !line.startsWith(`${csrfCookie}=${csrf}`)),
    body,
  }
}

function withoutCsrf(cookie: string): string {
  return cookie
    .split(/; */)
    .filter((pair) => !pair.startsWith(`${csrfCookie}=`))
    .join('; ')
}
