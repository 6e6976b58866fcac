/** Pages of a list that is read as a whole, because it is bounded; the cursor is the number of rows before it. */

/** `next` is the cursor of the page after it; undefined for the last one. A cursor that is no number is the first page. */
export function sliceOf<T>(
  rows: readonly T[],
  cursor: string | undefined,
  size: number,
): { rows: T[]; next: string | undefined } {
  const start = cursor !== undefined && /^\d{1,6}$/.test(cursor) ? Number(cursor) : 0
  const end = start + size
  return { rows: rows.slice(start, end), next: end < rows.length ? String(end) : undefined }
}
