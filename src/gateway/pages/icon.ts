/** The icon of the server in the operator's color, at /icon.svg and /favicon.ico. */
import type { Hono } from 'hono'
import { safeColor, textColorOn } from '#src/gateway/pages/colors.ts'
import { type Branding, stockColors } from '#src/gateway/pages/style.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export function iconRoutes(app: Hono<Env>, { colors = {} }: Branding): void {
  const color = safeColor(colors.primary) ?? stockColors.primary
  // An @ as a path, since fonts differ.
  const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${color}"/>
<g fill="none" stroke="${textColorOn(color)}" stroke-width="2.5" stroke-linecap="round"><circle cx="16" cy="16" r="4.25"/>
<path d="M20.25 11.75v5.5a3 3 0 0 0 6 0V16a10.25 10.25 0 1 0-4.1 8.2"/></g></svg>`
  for (const path of ['/icon.svg', '/favicon.ico']) {
    app.get(path, () => {
      const headers = {
        'content-type': 'image/svg+xml',
        'cache-control': 'public, max-age=86400',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
      }
      return new Response(icon, { headers })
    })
  }
}
