/** Why a server refuses a WebSocket, which the client of it does not show. */
import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { XrpcError } from '#src/errors.ts'

const TIMEOUT_MS = 10_000
/** Of what may be over at the next attempt. */
const temporary = [429, 500, 502, 503, 504]

/** Asks for the WebSocket once more. Undefined if the server accepts it, or may do so later. */
export async function refusalOf(
  url: URL,
  headers: Record<string, string>,
): Promise<XrpcError | undefined> {
  const response = await upgradeResponse(url, headers).catch(() => undefined)
  if (response === undefined || temporary.includes(response.status)) return undefined
  const { status, body } = response
  const { error, message } = parse(body)
  if (status === 404) return new XrpcError(404, error, `this server has no ${url.pathname}`)
  return new XrpcError(status, error, message || `the server answers ${status}`)
}

function upgradeResponse(
  url: URL,
  headers: Record<string, string>,
): Promise<{ status: number; body: string } | undefined> {
  const open = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = open(url, {
      timeout: TIMEOUT_MS,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': 'xrpc.v1.json',
      },
    })
    request.on('response', (response: IncomingMessage) => {
      const { statusCode: status = 0 } = response
      text(response).then((body) => resolve({ status, body }), reject)
    })
    request.on('upgrade', (_, socket) => {
      socket.destroy()
      resolve(undefined)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', reject)
    request.end()
  })
}

function parse(body: string): { error: string; message: string } {
  try {
    const { error = 'Error', message = '' } = JSON.parse(body) as Record<string, string>
    return { error, message }
  } catch {
    return { error: 'Error', message: body.slice(0, 200) }
  }
}
