/** GET and PUT /admin/handle-rules: the admin reads and changes the rules for handles, as JSON. */
import type { Hono } from 'hono'
import { parseJson, readBytes } from '#src/gateway/http/body.ts'
import { parseHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import type { HandleRulesCache } from '#src/gateway/identity/handle-rules-cache.ts'
import { type AdminPorts, mustBeAdmin } from '#src/gateway/xrpc/failed-credentials.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'

const bodyOptions = { limit: 512 * 1024, timeoutMs: 10_000 }

export function handleRulesRoutes(
  app: Hono<Env>,
  handleRules: HandleRulesCache,
  admin: AdminPorts,
): void {
  app.get('/admin/handle-rules', async (c) => {
    await mustBeAdmin(admin, c)
    return c.json(await handleRules.settings())
  })
  app.put('/admin/handle-rules', async (c) => {
    await mustBeAdmin(admin, c)
    const settings = parseHandleSettings(parseJson(await readBytes(bodySource(c), bodyOptions)))
    await handleRules.change(settings)
    return c.json(settings)
  })
}
