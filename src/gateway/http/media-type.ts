/** The media type that a Content-Type header declares. */
import { getMimeType } from 'hono/utils/mime'

const mediaType = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/

/**
 * Without parameters, as it is written; also of a bare file extension such as `jpeg`, as in the reference. Undefined if
 * there is none.
 */
export function declaredMediaType(header: string | undefined): string | undefined {
  const type = header?.split(';', 1)[0]?.trim() ?? ''
  if (mediaType.test(type)) return type
  const known: unknown = /^\w+$/.test(type) ? getMimeType(`x.${type.toLowerCase()}`) : undefined
  // The table is a plain object: `constructor` is one of its keys.
  return typeof known === 'string' ? known.split(';', 1)[0] : undefined
}
