/** Connects the HTTP server with the application: request ids, bounds, OAuth, and everything else. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { AddressLimits } from '#src/gateway/http/address-limits.ts'
import { limitBodyTime } from '#src/gateway/http/body-time.ts'
import { requestId } from '#src/gateway/http/request-id.ts'
import { pathOf } from '#src/gateway/http/request-path.ts'
import { errorResponse, sendError } from '#src/gateway/http/response.ts'
import type { OAuth } from '#src/gateway/oauth/open-oauth.ts'
import { type HttpLogPorts, isNonXrpc, logHttpCall } from '#src/gateway/operator/http-log.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import { otherRequests } from '#src/gateway/xrpc/rate-limit-policy.ts'
import type { CountCall } from '#src/gateway/xrpc/rate-limits.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { Log } from '#src/log.ts'

export interface ServePorts extends HttpLogPorts {
  log: HttpLogPorts['log'] & Pick<Log, 'error'>
  app: Hono<Env>
  oauth: OAuth
  addressLimits: AddressLimits
  /** The response to a browser that opens a page at another address than the server's own. */
  otherAddress(request: IncomingMessage): Promise<Response | undefined>
  rateLimits: CountCall | undefined
  bodyTimeoutMs: number
}

export function serve(server: Server, ports: ServePorts): void {
  const { app, oauth, addressLimits, bodyTimeoutMs } = ports
  // For requests that cannot be turned into a Request, for example without a Host header.
  const errorHandler = () => errorResponse(new XrpcError(400, 'InvalidRequest', 'Invalid request'))
  const listener = getRequestListener(
    (request, { incoming, outgoing }) => {
      const id = outgoing.getHeader('x-request-id')
      return app.fetch(request, { incoming, requestId: id } as Env['Bindings'])
    },
    { errorHandler },
  )

  /** Requests outside of XRPC methods, whose bodies others read, and which have no limits of their own. */
  async function serveNonXrpc(incoming: IncomingMessage, outgoing: ServerResponse, path: string) {
    limitBodyTime(incoming, outgoing, bodyTimeoutMs)
    const elsewhere = await ports.otherAddress(incoming)
    if (elsewhere !== undefined) return send(elsewhere, outgoing)
    // OAuth counts its requests itself.
    if (oauth.matches(path)) {
      return oauth.handle(incoming, outgoing, () => void listener(incoming, outgoing))
    }
    const call = { nsid: otherRequests, request: incoming, caller: undefined, input: undefined }
    const status = await ports.rateLimits?.(call)
    if (!status?.isRefused) return void listener(incoming, outgoing)
    sendError(outgoing, rateLimitExceeded(status))
  }

  server.on('request', (incoming, outgoing) => {
    const id = requestId(incoming.headers['x-request-id'])
    outgoing.setHeader('x-request-id', id)
    const path = pathOf(incoming.url)
    const isPlain = isNonXrpc(path)
    if (isPlain) logHttpCall(ports, { id, verb: incoming.method!, path }, outgoing)
    const refusal = addressLimits.admit(incoming, outgoing)
    if (refusal !== undefined) sendError(outgoing, refusal)
    else if (isPlain) {
      serveNonXrpc(incoming, outgoing, path).catch((err: unknown) => {
        ports.log.error({ id, err }, 'request failed')
        outgoing.destroy()
      })
    } else void listener(incoming, outgoing)
  })
}

async function send(page: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(page.status, Object.fromEntries(page.headers))
  outgoing.end(await page.text())
}
