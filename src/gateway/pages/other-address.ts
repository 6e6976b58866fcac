/**
 * The response to a browser that opens a page under another host name, for example through an SSH tunnel or at the host of a
 * handle: a page with the right address. The forms of the real page would be refused for their origin.
 */
import type { IncomingMessage } from 'node:http'
import { html } from 'hono/html'
import { isServiceHandle } from '#src/gateway/identity/handle-rules.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface OtherAddressPorts {
  server: Pick<ServerContext, 'handleRules'> & { service: { publicUrl: string } }
  branding: Branding
  clock: Clock
  log: Pick<Log, 'warn'>
}

type PageRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'httpVersion'>

const WARN_INTERVAL_MS = 60_000

/** Returns undefined if the request is not for a page, or has the right name. */
export function otherAddressPage(
  ports: OtherAddressPorts,
): (request: PageRequest) => Promise<Response | undefined> {
  const { server, branding, clock, log } = ports
  const { publicUrl: url } = server.service
  const { protocol, host: ownHost } = new URL(url)
  let notBefore = 0
  return async (request) => {
    if (!isPage(request)) return undefined
    const host = URL.parse(`${protocol}//${request.headers.host}`)?.host
    if (host === undefined || host === ownHost) return undefined
    const { hostname } = new URL(`${protocol}//${host}`)
    // A proxy may have replaced the name with its own name for this server, but never with one for a handle.
    const isReplaced =
      cameThroughProxy(request) &&
      !isServiceHandle(hostname, (await server.handleRules()).allDomains)
    if (isReplaced) return undefined
    if (clock.now() >= notBefore) {
      notBefore = clock.now() + WARN_INTERVAL_MS
      log.warn(
        { host, publicUrl: url },
        'a page was opened by another name than that of this server (PDS_HOSTNAME), so its forms would be refused; if a proxy replaces the name, let it pass the Host header on',
      )
    }
    const messages = messagesFor(request.headers['accept-language'])
    const target = `${url}${request.url}`
    return renderPage(
      { messages, branding, csrf: '' },
      {
        title: 'otherAddress',
        narrow: true,
        status: 421,
        body: html`<p>${messages.text('otherAddressHelp', { url, host })}</p>
<p><a href="${target}">${messages.text('openThere', { url })}</a></p>`,
      },
    )
  }
}

function isPage({ method, url = '/', headers }: PageRequest): boolean {
  if (method !== 'GET' || !/^\/(account|admin|oauth\/authorize)([/?]|$)/.test(url)) return false
  return String(headers.accept).includes('text/html')
}

// nginx speaks HTTP/1.0 to servers, unless it is configured otherwise; browsers never do.
function cameThroughProxy({ headers, httpVersion }: PageRequest): boolean {
  const forwarded = ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host']
  return httpVersion === '1.0' || forwarded.some((name) => headers[name] !== undefined)
}
