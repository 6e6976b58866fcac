/** Images of cases for operators, also those that are taken down. Only what is an image by its bytes is shown. */
import { XrpcError } from '#src/errors.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { sniffMediaType } from '#src/ports/media-type.ts'
import { isCid } from '#src/protocol/cid.ts'
import { isDid } from '#src/protocol/did.ts'

const shownTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']
const MAX_BYTES = 10_000_000

const headers = {
  'cache-control': 'private, no-store',
  'content-disposition': 'attachment',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

export function imagePath(did: string, cid: string): string {
  return `${consolePath}/moderation/images/${encodeURIComponent(did)}/${cid}`
}

export function caseImages({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/moderation/images/:did/:cid', async ({ c }) => {
    const { did = '', cid = '' } = c.req.param() as Record<string, string>
    if (!isDid(did) || !isCid(cid)) throw noImage()
    const blob = await server.blobs.open(did, cid)
    if (blob === undefined) throw noImage()
    if (blob.size > MAX_BYTES) {
      await blob.close()
      throw noImage()
    }
    const chunks: Uint8Array[] = []
    for await (const chunk of blob.bytes) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const type = (await sniffMediaType(bytes)) ?? ''
    if (!shownTypes.includes(type)) throw noImage()
    return new Response(bytes, { headers: { ...headers, 'content-type': type } })
  })
}

function noImage(): XrpcError {
  return new XrpcError(404, 'NotFound', 'There is no such image')
}
