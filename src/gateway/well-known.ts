/** The plain routes: who this server is, for people, robots, watchdogs and resolvers. */
import type { Hono } from 'hono'
import { openHeaders } from '#src/gateway/answer.ts'
import type { Env } from '#src/gateway/xrpc-call.ts'
import { serviceDidDocument } from '#src/protocol/did-document.ts'
import { isServiceHandle, type Surface } from '#src/xrpc/surface.ts'

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

const robots = `# Hello!

# Crawling the public API is allowed
User-agent: *
Allow: /
`

const HEALTH_TIMEOUT_MS = 5_000

/** Adds the routes to `app`. */
export function plainRoutes(app: Hono<Env>, { dispatch, service }: Surface): void {
  app.get('/', () => text(banner))
  app.get('/robots.txt', () => text(robots))

  app.get('/xrpc/_health', async () => {
    const { version } = service
    if (await isAnswering(dispatch)) return json({ version })
    return json({ version, error: 'Service Unavailable' }, 503)
  })

  app.get('/.well-known/atproto-did', async (c) => {
    const handle = hostname(c.req.header('host'))
    if (!isServiceHandle(service, handle)) return text('User not found', 404)
    const found = await dispatch.directory.accounts.resolveHandle({ handle })
    return found === null ? text('User not found', 404) : text(found.did)
  })

  app.get('/.well-known/did.json', () => {
    if (!service.did.startsWith('did:web:')) return text('Not found', 404)
    return json(serviceDidDocument(service.did, service.publicUrl))
  })
}

/** Whether the actors can be reached: asks the directory for something small. */
async function isAnswering({ directory }: Surface['dispatch']): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), HEALTH_TIMEOUT_MS)
  })
  const asked = directory.accounts.find({ identifier: 'did:web:health.invalid' })
  const answered = asked.then(
    () => true,
    () => false,
  )
  const answering = await Promise.race([answered, late])
  clearTimeout(timer)
  return answering
}

/** The host of a Host header, in lower case and without its port. */
function hostname(host = ''): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}

function text(body: string, status = 200): Response {
  const headers = { ...openHeaders, 'content-type': 'text/plain; charset=utf-8' }
  return new Response(body, { status, headers })
}

function json(body: object, status = 200): Response {
  const headers = { ...openHeaders, 'content-type': 'application/json; charset=utf-8' }
  return new Response(JSON.stringify(body), { status, headers })
}
