/** The paths of the pages of "My data". */
export const dataPath = '/account/data'

/** `path` is `collection/rkey`. */
export function recordHref(path: string): string {
  const [collection = '', rkey = ''] = splitPath(path)
  return `${dataPath}/record?${new URLSearchParams({ collection, rkey })}`
}

export function recordsHref(query: Record<string, string>): string {
  return `${dataPath}/records?${new URLSearchParams(query)}`
}

/** A record key has no slash. */
export function splitPath(path: string): [collection: string, rkey: string] {
  const at = path.indexOf('/')
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)]
}

/** Of a blob that a record of an active account uses. */
export function blobHref(did: string, cid: string): string {
  return `/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid })}`
}
