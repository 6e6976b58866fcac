/** GET and PUT /admin/handle-rules: the admin reads and changes the rules for handles, as JSON. */
import type { Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { parseHandleSettings } from '#src/gateway/workflows/handle-rules.ts'
import type { HandleRulesCache } from '#src/gateway/workflows/handle-rules-cache.ts'
import { verifyAdmin } from '#src/gateway/xrpc/authenticate.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const MAX_BODY_BYTES = 512 * 1024

export function handleRulesRoutes(
  app: Hono<Env>,
  handleRules: HandleRulesCache,
  admin: { adminPassword: string | undefined },
): void {
  app.get('/admin/handle-rules', async (c) => {
    verifyAdmin(admin, c.req.header('authorization'))
    return c.json(await handleRules.settings())
  })
  app.put('/admin/handle-rules', async (c) => {
    verifyAdmin(admin, c.req.header('authorization'))
    const length = Number(c.req.header('content-length'))
    if (!(length <= MAX_BODY_BYTES)) throw invalidRequest('Handle rules are too long')
    const body: unknown = await c.req.json().catch(() => undefined)
    const settings = parseHandleSettings(body)
    await handleRules.change(settings)
    return c.json(settings)
  })
}
