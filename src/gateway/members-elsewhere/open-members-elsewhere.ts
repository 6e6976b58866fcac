/** Opens the sign-in of members whose accounts are on other servers, and serves its routes. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { forbidden, invalidRequest, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { corsHeaders } from '#src/gateway/http/response.ts'
import { clientMetadata } from '#src/gateway/members-elsewhere/client-metadata.ts'
import {
  callbackPath,
  type MembersElsewhere,
  metadataPath,
  type ProvenMember,
  startPath,
} from '#src/gateway/members-elsewhere/members-elsewhere.ts'
import {
  beginSignIn,
  type ClientPorts,
  finishSignIn,
  type PendingSignIn,
} from '#src/gateway/members-elsewhere/oauth-client.ts'
import { sealedCookie } from '#src/gateway/members-elsewhere/sealed-cookie.ts'
import type { AttemptLimiter } from '#src/gateway/oauth/provider.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { type Page, renderPage } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { Clock } from '#src/ports/clock.ts'
import { KeySlots } from '#src/ports/key-slots.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

export interface MembersElsewherePorts extends ClientPorts {
  server: ClientPorts['server'] & Pick<ServerContext, 'addressOf'>
  branding: Branding
  /** The secret of session tokens. */
  secret: Uint8Array
  clock: Clock
  limitAttempts: AttemptLimiter
}

type C = Context<Env>
type Pending = PendingSignIn & { returnTo: string }

/** How long a sign-in may take: as long as an authorization request of the library is open. */
const PENDING_MS = 10 * 60_000
/** As long as a sign-in counts as new for an app that demands a new one. */
const PROVEN_MS = 5 * 60_000
/** It is stored in a cookie together with the pending sign-in. */
const MAX_RETURN_LENGTH = 2_000
const MAX_IDENTIFIER_LENGTH = 2_048
/** Sign-ins whose servers are being asked; each takes some six requests. */
const slots = { max: 64, maxPerKey: 4, maxWaitingPerKey: 16 }

export function openMembersElsewhere(ports: MembersElsewherePorts): MembersElsewhere {
  const { server, clock, branding, secret } = ports
  const { publicUrl } = server.service
  const cookie = { secret, clock, publicUrl }
  const pendings = sealedCookie<Pending>('elsewhere', { ...cookie, lifetimeMs: PENDING_MS })
  const members = sealedCookie<ProvenMember>('member', { ...cookie, lifetimeMs: PROVEN_MS })
  const asked = new KeySlots(slots)

  const page = (c: C, shown: Pick<Page, 'title' | 'body' | 'redirectTo' | 'status'>) => {
    const messages = messagesFor(c.req.header('accept-language'))
    return renderPage({ branding, messages, csrf: '' }, { narrow: true, ...shown })
  }

  const signInElsewhere: MembersElsewhere['signInElsewhere'] = async (c, input) => {
    const returnTo = localPath(input.returnTo, publicUrl)
    const identifier = normalizeIdentifier(input.identifier)
    if (identifier.length > MAX_IDENTIFIER_LENGTH) throw invalidRequest('The handle is too long')
    const { network, ip: address } = clientInfoOf(server.addressOf, c.env?.incoming)
    // Counted as a pushed request, since it makes one at the other server.
    if (address !== undefined) await ports.limitAttempts('oauth/par', { address, input: {} })
    const { url, pending } = await asked.run(network, () => beginSignIn(ports, identifier))
    const stored = pendings.write({ ...pending, returnTo })
    if (stored === undefined) throw invalidRequest('The account cannot sign in from here')
    const { text } = messagesFor(c.req.header('accept-language'))
    // The content security policy blocks a redirect: our forms may be sent to this server only.
    const response = await page(c, {
      title: 'signIn',
      body: html`<p><a href="${url}">${text('continue')}</a></p>`,
      redirectTo: url,
    })
    response.headers.append('set-cookie', stored)
    return response
  }

  async function callback(c: C): Promise<Response> {
    const { search, host } = new URL(c.req.url)
    // On a developer's machine the cookies are of localhost, not of 127.0.0.1 (client-metadata.ts).
    if (publicUrl.startsWith('http:') && host !== new URL(publicUrl).host) {
      return c.redirect(`${publicUrl}${callbackPath}${search}`, 303)
    }
    const cookies = c.req.header('cookie')
    const pending = pendings.read(cookies)
    if (pending === undefined) throw invalidRequest('This sign-in has expired: begin again')
    c.header('set-cookie', pendings.clear, { append: true })
    const { network } = clientInfoOf(server.addressOf, c.env?.incoming)
    const did = await asked.run(network, () =>
      finishSignIn(ports, new URLSearchParams(search), pending),
    )
    c.header('set-cookie', members.write({ did, since: clock.now() })!, { append: true })
    return c.redirect(pending.returnTo, 303)
  }

  async function failurePage(c: C, error: unknown): Promise<Response> {
    if (!(error instanceof XrpcError)) throw error
    const messages = messagesFor(c.req.header('accept-language'))
    const back = pendings.read(c.req.header('cookie'))?.returnTo
    const response = await page(c, {
      title: 'signIn',
      status: error.status,
      body: html`<p role="alert">${messages.text('failed', { reason: error.message })}</p>
${back === undefined ? '' : html`<p><a href="${back}">${messages.text('back')}</a></p>`}`,
    })
    for (const [name, value] of Object.entries(error.headers ?? {})) {
      response.headers.set(name, value)
    }
    return response
  }

  return {
    signInElsewhere,
    provenMember: (cookies) => members.read(cookies),
    forgetMember: members.clear,
    routes(app) {
      app.get(metadataPath, () => Response.json(clientMetadata(server.service), metadataHeaders))
      app.get(startPath, async (c) => {
        try {
          mustBeFromOurPage(c)
          const { identifier = '', return_to: returnTo = '' } = c.req.query()
          return await signInElsewhere(c, { identifier, returnTo })
        } catch (error) {
          return failurePage(c, error)
        }
      })
      app.get(callbackPath, (c) => callback(c).catch((error) => failurePage(c, error)))
    },
  }
}

const metadataHeaders = { headers: { ...corsHeaders, 'cache-control': 'public, max-age=60' } }

/** Throws 403: pages of other sites must not use us to send a browser to a server of their choice. */
function mustBeFromOurPage(c: C): void {
  if ((c.req.header('sec-fetch-site') ?? 'same-origin') === 'same-origin') return
  throw forbidden('Begin the sign-in at a page of this server')
}

/** Throws 400 unless `path` is a path of this server. */
function localPath(path: string, publicUrl: string): string {
  const url = path.length > MAX_RETURN_LENGTH ? null : URL.parse(path, publicUrl)
  // Of `/.//host` the path is `//host`, which is another host to a browser.
  const isHere = url?.origin === new URL(publicUrl).origin && !url.pathname.startsWith('//')
  if (url === null || !path.startsWith('/') || !isHere) {
    throw invalidRequest('return_to must be a path of this server')
  }
  return `${url.pathname}${url.search}`
}
