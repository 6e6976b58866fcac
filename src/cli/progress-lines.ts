/** Calls a method that answers with lines of JSON: its progress, and at the end its result or error. */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Invocation } from '#src/cli/command.ts'
import { XrpcError } from '#src/errors.ts'

interface Line {
  progress?: string
  result?: object
  status?: number
  error?: string
  message?: string
}

/** Returns the result. Throws the error, and another one if the connection breaks off. */
export async function runLines(
  { server, report }: Pick<Invocation, 'server' | 'report'>,
  method: string,
  input: object,
): Promise<object> {
  const body = await server.postForBytes(method, input)
  for await (const text of createInterface({ input: Readable.fromWeb(body as ReadableStream) })) {
    const { progress, result, status, error, message } = JSON.parse(text) as Line
    if (result !== undefined) return result
    if (error !== undefined) throw new XrpcError(status ?? 500, error, message ?? error)
    if (progress) report(progress)
  }
  throw new Error('the connection broke off: the server may still be working on it')
}
