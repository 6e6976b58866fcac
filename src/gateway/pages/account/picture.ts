/** The picture of a profile, from this server, or the first letter of the name. */
import { html } from 'hono/html'
import type { Html } from '#src/gateway/pages/shell.ts'
import { blobCid } from '#src/gateway/read-after-write/views.ts'

/** `blob` is the blob reference of a record, as JSON. */
export function pictureOf(did: string, blob: unknown, name: string): Html {
  const cid = blobCid(blob)
  if (cid === undefined) {
    const [letter = '?'] = name
    return html`<span class="picture" aria-hidden="true">${letter.toUpperCase()}</span>`
  }
  const query = new URLSearchParams({ did, cid })
  return html`<img class="picture" src="/xrpc/com.atproto.sync.getBlob?${query}" alt="" width="64" height="64">`
}
