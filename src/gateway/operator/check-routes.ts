/** Routes for `headwater doctor` and `headwater mail test`. */
import type { Context, Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { readBody } from '#src/gateway/http/body.ts'
import { type CheckPorts, isDevelopment, serverChecks } from '#src/gateway/operator/checks.ts'
import { sendTestMail } from '#src/gateway/operator/test-mail.ts'
import { englishWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import { type AdminPorts, mustBeAdmin } from '#src/gateway/xrpc/failed-credentials.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'

const bodyOptions = { accepts: 'application/json', limit: 4_096, timeoutMs: 10_000 }

export function checkRoutes(app: Hono<Env>, ports: CheckPorts, admin: AdminPorts): void {
  const { server } = ports
  const requireAdmin = (c: Context<Env>) => mustBeAdmin(admin, c)

  app.get('/xrpc/_admin/checks', async (c) => {
    await requireAdmin(c)
    const { hostname, publicUrl } = server.service
    const [checks, { domains }] = await Promise.all([
      serverChecks(ports, englishWords),
      server.handleRules(),
    ])
    const development = isDevelopment(server)
    return c.json({ hostname, publicUrl, development, handleDomains: domains, checks })
  })

  app.post('/xrpc/_admin/test-mail', async (c) => {
    await requireAdmin(c)
    const body = (await readBody(bodySource(c), bodyOptions)) as { to?: unknown } | null
    const to = body?.to
    if (typeof to !== 'string' || !to.includes('@')) throw invalidRequest('to must be an email')
    await sendTestMail(server, to)
    const { folder } = server.mailer
    return c.json({ to, ...(folder === undefined ? { sent: true } : { writtenTo: folder }) })
  })
}
