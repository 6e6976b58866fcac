/** Reads the rows of a method that answers in pages. */
import type { ServerClient } from '#src/cli/server-client.ts'

interface PagedQuery {
  params?: Record<string, string | undefined>
  pageSize?: number
  /** How many rows to read at most. */
  most?: number
  /** Called after each page, with the number of rows so far. */
  onPage?(count: number): void
}

/** `member` is the member of the output that has the rows. */
export async function readPages<Row extends object>(
  server: Pick<ServerClient, 'get'>,
  method: string,
  member: string,
  { params = {}, pageSize = 100, most = Infinity, onPage }: PagedQuery = {},
): Promise<Row[]> {
  const found: Row[] = []
  for (let cursor: string | undefined; found.length < most; ) {
    const limit = Math.min(pageSize, most - found.length)
    const page = await server.get<Record<string, Row[]> & { cursor?: string }>(method, {
      ...{ ...params, limit, cursor },
    })
    found.push(...(page[member] ?? []))
    onPage?.(found.length)
    cursor = page.cursor
    if (cursor === undefined) break
  }
  return found
}
