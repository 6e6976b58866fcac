/** Reads a form of the tenant console, which may contain a file. */
import type { Context } from 'hono'
import { forbidden } from '#src/errors.ts'
import { readBytes } from '#src/gateway/http/body.ts'
import { type Form, mayHaveFile, readForm } from '#src/gateway/pages/form.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'

const MAX_FILE_BYTES = 8 * 1024 * 1024

/** A file is the value of its field, as text. Throws 403 StalePage, 413, and 408 if it is slow. */
export async function readTenantForm(c: Context<Env>, timeoutMs: number): Promise<Form> {
  if (!mayHaveFile(c)) return readForm(c, timeoutMs)
  const type = c.req.header('content-type') ?? ''
  const bytes = await readBytes(bodySource(c), { limit: MAX_FILE_BYTES, timeoutMs })
  const body = new Response(Buffer.from(bytes), { headers: { 'content-type': type } })
  const data = await body.formData().catch(() => {
    throw forbidden('The request is not a form', 'StalePage')
  })
  const fields = [...data].map(async ([name, value]) => [
    name,
    typeof value === 'string' ? value : await value.text(),
  ])
  return Object.fromEntries(await Promise.all(fields)) as Form
}
