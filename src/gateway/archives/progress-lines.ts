/** The response of work that takes long: lines of JSON with its progress, and at the end its result or error. */
import { XrpcError } from '#src/errors.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import type { Timer } from '#src/ports/timer.ts'

/** A line at least this often, so that proxies do not take the connection for dead. */
const LINE_MS = 2_000

/** The work goes on to its end if the client leaves. */
export function progressLines(
  timer: Timer,
  work: (report: (progress: string) => void) => Promise<object>,
  onError: (error: unknown) => void,
): RawResponse {
  let progress = ''
  const report = (text: string) => {
    progress = text
  }
  const ended = work(report).then(
    (result) => ({ result }),
    (error) => {
      if (!(error instanceof XrpcError)) onError(error)
      return errorOf(error)
    },
  )
  async function* lines(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const end = await Promise.race([ended, pause(timer)])
      yield Buffer.from(`${JSON.stringify(end ?? { progress })}\n`)
      if (end !== undefined) return
    }
  }
  return new RawResponse(lines(), {
    ...corsHeaders,
    ...{ 'cache-control': 'private, no-store', vary: 'Authorization' },
    'content-type': 'application/x-ndjson',
    // Compression would hold lines back.
    'accept-ranges': 'none',
  })
}

function errorOf(error: unknown): object {
  if (error instanceof XrpcError) {
    return { status: error.status, error: error.error, message: error.message }
  }
  const message = 'This failed. The reason is in the log of the server.'
  return { status: 500, error: 'InternalServerError', message }
}

function pause(timer: Timer): Promise<undefined> {
  return new Promise((resolve) => void timer(LINE_MS, () => resolve(undefined)))
}
