/** A blob as an HTTP response: its bytes as they come from the storage, and nothing that a browser would run. */
import { corsHeaders } from '#src/gateway/http/response.ts'
import type { OpenBlob } from '#src/ports/blob-storage.ts'

/** What is no bigger is sent in one piece. */
const SMALL_BYTES = 256 * 1024

/** The response of com.atproto.sync.getBlob; for HEAD, without the bytes. */
export async function blobResponse(
  blob: OpenBlob,
  { cid, mimeType, isHead }: { cid: string; mimeType: string; isHead: boolean },
): Promise<Response> {
  const headers = {
    ...corsHeaders,
    'cache-control': 'private',
    vary: 'Authorization',
    'content-type': mimeType,
    'content-length': String(blob.size),
    'content-disposition': `attachment; filename="${cid}"`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  }
  if (isHead) {
    await blob.close()
    return new Response(null, { headers })
  }
  if (blob.size > SMALL_BYTES) return new Response(streamOf(blob), { headers })
  const chunks: Uint8Array[] = []
  for await (const chunk of blob.bytes) chunks.push(chunk)
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return new Response(body as Uint8Array<ArrayBuffer>, { headers })
}

/** Takes a chunk whenever there is room for one, and lets go when the client does. */
function streamOf(blob: OpenBlob): ReadableStream {
  const steps = blob.bytes[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const step = await steps.next()
        if (step.done) controller.close()
        else controller.enqueue(step.value)
      },
      async cancel() {
        await steps.return?.()
        await blob.close()
      },
    },
    { highWaterMark: 0 },
  )
}
