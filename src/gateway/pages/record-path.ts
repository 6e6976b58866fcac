/** Paths of records in a repo: `collection/rkey`. */

/** A record key has no slash. Without one, all is the collection. */
export function placeOf(path: string): { collection: string; rkey: string } {
  const slash = path.indexOf('/')
  if (slash === -1) return { collection: path, rkey: '' }
  return { collection: path.slice(0, slash), rkey: path.slice(slash + 1) }
}
