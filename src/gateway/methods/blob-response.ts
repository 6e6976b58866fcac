/** A blob as an HTTP response, with headers that keep a browser from executing it. */
import { corsHeaders } from '#src/gateway/http/response.ts'
import type { OpenBlob } from '#src/ports/blob-storage.ts'

const MAX_BUFFERED_BYTES = 64 * 1024

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
  if (blob.size > MAX_BUFFERED_BYTES) return new Response(toReadableStream(blob), { headers })
  const chunks: Uint8Array[] = []
  for await (const chunk of blob.bytes) chunks.push(chunk)
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return new Response(body as Uint8Array<ArrayBuffer>, { headers })
}

function toReadableStream(blob: OpenBlob): ReadableStream {
  const iterator = blob.bytes[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const result = await iterator.next()
        if (result.done) controller.close()
        else controller.enqueue(result.value)
      },
      async cancel() {
        await iterator.return?.()
        await blob.close()
      },
    },
    { highWaterMark: 0 },
  )
}
