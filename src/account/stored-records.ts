/** Reads of records with few crossings from SQLite to JavaScript, because each costs more than the read itself. */
import { fromHex, type Sql } from '#src/ports/sql.ts'

export interface StoredRecord {
  /** `collection/rkey`. */
  path: string
  cid: string
  value: Uint8Array
}

interface Waiting {
  path: string
  resolve(record: StoredRecord | undefined): void
  reject(error: unknown): void
}

export class StoredRecords {
  readonly #sql: Sql
  #waiting: Waiting[] = []
  #reading = false

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Undefined if there is no record, or if it has another CID than `cid`. */
  async find(path: string, cid?: string): Promise<StoredRecord | undefined> {
    const record = await new Promise<StoredRecord | undefined>((resolve, reject) => {
      this.#waiting.push({ path, resolve, reject })
      if (!this.#reading) void this.#read()
    })
    return cid === undefined || cid === record?.cid ? record : undefined
  }

  /** One query at a time: reads that arrive meanwhile wait for the next one. */
  async #read(): Promise<void> {
    this.#reading = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        const paths = JSON.stringify(batch.map(({ path }) => path))
        const found = await packedRecords(this.#sql, byPaths, paths)
        const byPath = new Map(found.map((record) => [record.path, record]))
        for (const { path, resolve } of batch) resolve(byPath.get(path))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#reading = false
  }
}

const byPaths = `SELECT path, cid, value FROM record
                 WHERE path IN (SELECT value FROM json_each(?)) ORDER BY path`

/**
 * Runs a query for `path`, `cid` and `value`, in order, and returns its rows packed into one: a row each would cost
 * more in crossing from SQLite to JavaScript than the rest of the read.
 */
export async function packedRecords(
  sql: Sql,
  query: string,
  ...params: (string | number)[]
): Promise<StoredRecord[]> {
  const page = await sql.first<{
    paths: string | null
    cids: string
    sizes: string
    blocks: string
  }>(
    `SELECT group_concat(path, char(10)) AS paths, group_concat(cid, char(10)) AS cids,
            group_concat(length(value), ',') AS sizes, hex(group_concat(value, '')) AS blocks
     FROM (${query})`,
    ...params,
  )
  if (!page?.paths) return []
  const cids = page.cids.split('\n')
  const sizes = page.sizes.split(',').map(Number)
  const blocks = fromHex(page.blocks)
  let at = 0
  return page.paths.split('\n').map((path, i) => {
    const value = blocks.subarray(at, at + sizes[i]!)
    at += sizes[i]!
    return { path, cid: cids[i]!, value }
  })
}
