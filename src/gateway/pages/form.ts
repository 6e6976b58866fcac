/** The fields of a submitted form. */
import type { Context } from 'hono'
import { forbidden, type XrpcError } from '#src/errors.ts'
import { readBytes } from '#src/gateway/http/body.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { parsedJson } from '#src/protocol/json-bounds.ts'

export type Form = Record<string, string | undefined>

const MAX_FORM_BYTES = 64 * 1024

/** Throws 403 StalePage for a body of another type, or one that is too long, and 408 if it is slow. */
export async function readForm(c: Context<Env>, timeoutMs: number): Promise<Form> {
  const type = c.req.header('content-type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) {
    throw forbidden('Not a form', 'StalePage')
  }
  const limit = MAX_FORM_BYTES
  const bytes = await readBytes(bodySource(c), { limit, timeoutMs }).catch((error: XrpcError) => {
    throw error.status === 413 ? forbidden('The form is too long', 'StalePage') : error
  })
  return Object.fromEntries(new URLSearchParams(Buffer.from(bytes).toString()))
}

export interface FormFile {
  bytes: Uint8Array
}

/** Whether the form may be long: then its sender must be known before it is read, as it is kept and parsed in memory. */
export function mayHaveFile(c: Context<Env>): boolean {
  return (c.req.header('content-type') ?? '').startsWith('multipart/form-data')
}

/** A form with at most one file. Throws as `readForm`, but 413 if it is too long. */
export async function readFileForm(
  c: Context<Env>,
  { timeoutMs, maxFileBytes }: { timeoutMs: number; maxFileBytes: number },
): Promise<{ form: Form; file: FormFile | undefined }> {
  if (!mayHaveFile(c)) return { form: await readForm(c, timeoutMs), file: undefined }
  const type = c.req.header('content-type') ?? ''
  const limit = maxFileBytes + MAX_FORM_BYTES
  const bytes = await readBytes(bodySource(c), { limit, timeoutMs })
  const parts = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } })
    .formData()
    .catch(() => {
      throw forbidden('Not a form', 'StalePage')
    })
  const form: Form = {}
  let file: FormFile | undefined
  for (const [name, value] of parts) {
    if (typeof value === 'string') form[name] = value
    // A file field without a file is an empty file.
    else if (value.size > 0) file = { bytes: new Uint8Array(await value.arrayBuffer()) }
  }
  return { form, file }
}

/** The value of a field that has JSON, such as a passkey's response; undefined if it is malformed or absent. */
export function parseField(text: string | undefined): unknown {
  return parsedJson(text ?? '')
}
