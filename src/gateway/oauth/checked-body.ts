/** Reads and checks the body of a request to an OAuth endpoint before the library does. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { readBytes } from '#src/gateway/http/body.ts'
import { mustBeSmallRequest } from '#src/gateway/oauth/request-bounds.ts'
import { parsedJson } from '#src/protocol/json-bounds.ts'

/** Longer than all requests have, whose time `PDS_BODY_TIMEOUT_MS` bounds. */
const TIMEOUT_MS = 10 * 60_000

type OAuthRequest = IncomingMessage & { ip?: string }

/**
 * The same request for the library, with a body that is there. Throws 400 for parameters that the library could not
 * validate in a short time, and as `readBytes`; `limit` is in bytes.
 */
export async function withCheckedBody(request: OAuthRequest, limit: number): Promise<OAuthRequest> {
  const { method, url, headers, rawHeaders, httpVersion, socket, ip } = request
  const source = { header: (name: string) => headers[name] as string | undefined }
  const options = { limit, timeoutMs: TIMEOUT_MS }
  const bytes = await readBytes({ ...source, body: () => request }, options)
  checkParameters(Buffer.from(bytes).toString())
  const { 'content-encoding': _, 'transfer-encoding': __, ...kept } = headers
  const replayed = new Readable({ read: () => {} })
  replayed.push(bytes)
  replayed.push(null)
  return Object.assign(replayed, {
    method,
    url,
    rawHeaders,
    httpVersion,
    socket,
    complete: true,
    ...(ip !== undefined && { ip }),
    headers: { ...kept, 'content-length': String(bytes.length) },
  }) as unknown as OAuthRequest
}

/** As a form and as JSON, whichever the library takes it for. */
function checkParameters(text: string): void {
  mustBeSmallRequest(Object.fromEntries(new URLSearchParams(text)))
  const json = parsedJson(text)
  if (typeof json === 'object' && json !== null) mustBeSmallRequest({ ...json })
}
