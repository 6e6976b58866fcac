/** The paths of the pages of "My data". */
import { placeOf } from '#src/gateway/pages/record-path.ts'

export const dataPath = '/account/data'

/** `path` is `collection/rkey`. */
export function recordHref(path: string): string {
  return `${dataPath}/record?${new URLSearchParams(placeOf(path))}`
}

export function recordsHref(query: Record<string, string>): string {
  return `${dataPath}/records?${new URLSearchParams(query)}`
}

/** Of a blob that a record of an active account uses. */
export function blobHref(did: string, cid: string): string {
  return `/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid })}`
}
