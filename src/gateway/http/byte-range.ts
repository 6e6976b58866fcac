/** The Range of a request (RFC 9110 section 14): one range of bytes; several are answered with the whole. */

/** Both inclusive. */
export interface ByteRange {
  start: number
  end: number
}

/** Undefined for the whole, also if `If-Range` names another version than `tag`. */
export function requestedRange(
  headers: Headers,
  tag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const header = headers.get('range')
  if (header === null || !/^bytes=/i.test(header) || header.includes(',')) return undefined
  if ((headers.get('if-range') ?? tag) !== tag) return undefined
  const [, first, last] = /^bytes=(\d*)-(\d*)$/i.exec(header.replaceAll(' ', '')) ?? []
  if (first === undefined || last === undefined || first + last === '') return 'unsatisfiable'
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start > end ? 'unsatisfiable' : { start, end }
}
