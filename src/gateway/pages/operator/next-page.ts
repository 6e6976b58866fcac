/** The URL of the next page of a list: this one, with the cursor. Undefined after the last page. */
export function nextPage(url: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const { pathname, searchParams } = new URL(url)
  searchParams.set('cursor', cursor)
  searchParams.delete('done')
  return `${pathname}?${searchParams}`
}
