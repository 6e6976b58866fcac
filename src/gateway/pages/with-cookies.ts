/** A response with the cookies that were set on Hono's context. */
import type { Context } from 'hono'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export function withCookies(c: Context<Env>, response: Response): Response {
  for (const cookie of c.newResponse(null).headers.getSetCookie()) {
    if (!response.headers.getSetCookie().includes(cookie)) {
      response.headers.append('set-cookie', cookie)
    }
  }
  return response
}
