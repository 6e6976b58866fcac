/** The landing page, robots.txt, /.well-known/* and /tls-check. */
import type { Hono } from 'hono'
import type { AddressedRequest } from '#src/gateway/http/client-address.ts'
import { corsHeaders } from '#src/gateway/http/response.ts'
import { isServiceHandle } from '#src/gateway/identity/handle-rules.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { serviceDidDocument } from '#src/protocol/did-document.ts'

const banner = `
    _                    _               _
   | |__   ___  __ _  __| |_      ____ _| |_ ___ _ __
   | '_ \\ / _ \\/ _\` |/ _\` \\ \\ /\\ / / _\` | __/ _ \\ '__|
   | | | |  __/ (_| | (_| |\\ V  V / (_| | ||  __/ |
   |_| |_|\\___|\\__,_|\\__,_| \\_/\\_/ \\__,_|\\__\\___|_|


This is an AT Protocol Personal Data Server (aka, an atproto PDS)

Most API routes are under /xrpc/

  Protocol: https://atproto.com
`

/** Of a DNS name. */
const MAX_NAME_LENGTH = 253

const robots = `# Hello!

# Crawling the public API is allowed
User-agent: *
Allow: /
`

export function wellKnownRoutes(
  app: Hono<Env>,
  { dispatch, service, handleRules, requestedHost }: ServerContext,
): void {
  app.get('/', () => text(banner))
  app.get('/robots.txt', () => text(robots))

  app.get('/.well-known/atproto-did', async (c) => {
    // Tests without a socket have no Node request.
    const request = c.env?.incoming ?? { socket: {}, headers: c.req.header() }
    const handle = requestedHost(request as AddressedRequest)
    const { allDomains: domains } = await handleRules()
    if (!isServiceHandle(handle, domains)) return text('User not found', 404)
    const found = await dispatch.directory.accounts.resolveHandle({ handle })
    return found === null ? text('User not found', 404) : text(found.did)
  })

  // Caddy's on-demand TLS asks here before it requests a certificate; answers as the reference PDS distribution does.
  app.get('/tls-check', async (c) => {
    const domain = c.req.query('domain')?.toLowerCase()
    if (!domain || domain.length > MAX_NAME_LENGTH) {
      return errorJson(400, 'InvalidRequest', 'bad or missing domain query param')
    }
    if (domain === service.hostname) return json({ success: true })
    const { allDomains, tenantDomain } = await handleRules()
    if (tenantDomain(`.${domain}`) !== undefined) return json({ success: true })
    if (!isServiceHandle(domain, allDomains)) {
      return errorJson(400, 'InvalidRequest', 'handles are not provided on this domain')
    }
    const found = await dispatch.directory.accounts.resolveHandle({ handle: domain })
    if (found === null) return errorJson(404, 'NotFound', 'handle not found for this domain')
    return json({ success: true })
  })

  // This server is its own authorization server.
  app.get('/.well-known/oauth-protected-resource', () =>
    json({
      resource: service.publicUrl,
      authorization_servers: [service.publicUrl],
      scopes_supported: [],
      bearer_methods_supported: ['header'],
      resource_documentation: 'https://atproto.com',
    }),
  )

  app.get('/.well-known/did.json', () => {
    if (!service.did.startsWith('did:web:')) return text('Not found', 404)
    return json(serviceDidDocument(service.did, service.publicUrl))
  })
}

function text(body: string, status = 200): Response {
  const headers = { ...corsHeaders, 'content-type': 'text/plain; charset=utf-8' }
  return new Response(body, { status, headers })
}

function errorJson(status: number, error: string, message: string): Response {
  return json({ error, message }, status)
}

function json(body: object, status = 200): Response {
  const headers = { ...corsHeaders, 'content-type': 'application/json; charset=utf-8' }
  return new Response(JSON.stringify(body), { status, headers })
}
