/** The routes by which the admin reads and changes the rules for handles. */
import type { Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { parseHandleSettings } from '#src/gateway/workflows/handle-rules.ts'
import type { HandleRulesCache } from '#src/gateway/workflows/handle-rules-cache.ts'
import { verifyAdmin } from '#src/gateway/xrpc/authenticate.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const MAX_BODY_BYTES = 512 * 1024

/** GET and PUT /admin/handle-rules, as JSON, with the admin's password. */
export function handleRulesRoutes(
  app: Hono<Env>,
  known: HandleRulesCache,
  authority: { adminPassword: string | undefined },
): void {
  app.get('/admin/handle-rules', async (c) => {
    verifyAdmin(authority, c.req.header('authorization'))
    return c.json(await known.settings())
  })
  app.put('/admin/handle-rules', async (c) => {
    verifyAdmin(authority, c.req.header('authorization'))
    const length = Number(c.req.header('content-length'))
    if (!(length <= MAX_BODY_BYTES)) throw invalidRequest('Handle rules are too long')
    const given: unknown = await c.req.json().catch(() => undefined)
    const settings = parseHandleSettings(given)
    await known.change(settings)
    return c.json(settings)
  })
}
