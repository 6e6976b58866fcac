/** Raw HTTP requests, for what no client library would send, and for response details that it hides. */
import { expect } from 'vitest'
import type { TestAccount } from '#tests/support/server.ts'

export interface CallOptions {
  query?: string | Record<string, string>
  /** Sent as JSON; a string and bytes go as they are. */
  body?: unknown
  /** The account whose access token to send, or a whole Authorization header. */
  as?: TestAccount | string | undefined
  headers?: Record<string, string>
  /** POST if there is a body and GET otherwise, by default. */
  verb?: string
}

export interface Answer {
  status: number
  headers: Headers
  error: string | undefined
  message: string | undefined
  /** The JSON value, or the text if it is not JSON. */
  body: unknown
}

/** Calls `com.atproto.<method>`, or any path that begins with a slash. Rejects after 60 s. */
export async function call(
  { url }: { url: string },
  method: string,
  { query, body, as, headers = {}, verb }: CallOptions = {},
): Promise<Answer> {
  const path = method.startsWith('/') ? method : `/xrpc/com.atproto.${method}`
  const search = query === undefined ? '' : `?${new URLSearchParams(query)}`
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(`${url}${path}${typeof query === 'string' ? `?${query}` : search}`, {
    method: verb ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(as !== undefined && { authorization: authorization(as) }),
      ...headers,
    },
    ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  })
  const text = await response.text()
  const value = parsed(text) as { error?: string; message?: string } | string
  const { error, message } = typeof value === 'string' ? {} : (value ?? {})
  return { status: response.status, headers: response.headers, error, message, body: value }
}

export async function statusAndError(
  answer: Promise<Answer>,
): Promise<[status: number, error: string | undefined]> {
  const { status, error } = await answer
  return [status, error]
}

/** Expects an XRPC error with this status, without internals of the server in its message. */
export async function expectError(
  attempt: Promise<Answer>,
  status: number,
  error?: string,
): Promise<void> {
  const answer = await attempt
  expect(answer).toMatchObject({ status, error: error ?? expect.stringMatching(/^[A-Z]\w+$/) })
  expect(answer.message).toEqual(expect.stringMatching(/^(?!.*(node_modules|\.ts\b|at \w+ \()).+/))
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
}

function authorization(as: TestAccount | string): string {
  return typeof as === 'string' ? as : `Bearer ${as.agent.session?.accessJwt}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Status and error of a rejected call of a client. */
export function rejection(call: Promise<unknown>): Promise<{ status: number; error: string }> {
  return call.then(
    () => Promise.reject(new Error('it was not refused')),
    ({ status, error }) => ({ status, error }),
  )
}
