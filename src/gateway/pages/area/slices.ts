/** Pagination of a bounded list that is read as a whole; the cursor is the number of rows before the page. */

/** `next` is the cursor of the next page; undefined for the last one. An invalid cursor gives the first page. */
export function sliceOf<T>(
  rows: readonly T[],
  cursor: string | undefined,
  size: number,
): { rows: T[]; next: string | undefined } {
  const start = cursor !== undefined && /^\d{1,6}$/.test(cursor) ? Number(cursor) : 0
  const end = start + size
  return { rows: rows.slice(start, end), next: end < rows.length ? String(end) : undefined }
}
