/** The fields of a submitted form. */
import type { Context } from 'hono'
import { forbidden } from '#src/errors.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export type Form = Record<string, string | undefined>

/** Throws 403 StalePage for a body of another type. */
export async function readForm(c: Context<Env>): Promise<Form> {
  const type = c.req.header('content-type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) {
    throw forbidden('Not a form', 'StalePage')
  }
  return Object.fromEntries(new URLSearchParams(await c.req.text()))
}

/** The value of a field that has JSON, such as a passkey's response; undefined if it is malformed or absent. */
export function parseField(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
