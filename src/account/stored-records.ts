/** Reads of records with few crossings from SQLite to JavaScript, because each costs more than the read itself. */
import { fromHex, type Sql } from '#src/ports/sql.ts'

export interface StoredRecord {
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

  async find(path: string, cid?: string): Promise<StoredRecord | undefined> {
    const record = await new Promise<StoredRecord | undefined>((resolve, reject) => {
      this.#waiting.push({ path, resolve, reject })
      if (!this.#reading) void this.#read()
    })
    return cid === undefined || cid === record?.cid ? record : undefined
  }

  async #read(): Promise<void> {
    this.#reading = true
    while (this.#waiting.length > 0) {
      const batch = Map.groupBy(this.#waiting.splice(0, MAX_BATCH), ({ path }) => path)
      try {
        const found = await smallRecords(this.#sql, byPaths, JSON.stringify([...batch.keys()]))
        const byPath = new Map(found.map((record) => [record.path, record]))
        for (const [path, waiting] of batch) {
          const record = await this.#whole(byPath.get(path))
          for (const { resolve } of waiting) resolve(record)
        }
      } catch (error) {
        for (const waiting of batch.values()) for (const { reject } of waiting) reject(error)
      }
    }
    this.#reading = false
  }

  // Large records are read one by one: many at once would take many times their size.
  async #whole(record: SmallRecord | undefined): Promise<StoredRecord | undefined> {
    if (record === undefined) return undefined
    const { path, cid, value } = record
    if (value !== undefined) return { path, cid, value }
    const row = await this.#sql.first<{ cid: string; value: string }>(byPathWhole, path)
    return row && { path, cid: row.cid, value: fromHex(row.value) }
  }
}

const MAX_BATCH = 250

const byPaths = `SELECT path, cid, value FROM record
                 WHERE path IN (SELECT value FROM json_each(?)) ORDER BY path`
const byPathWhole = 'SELECT cid, hex(value) AS value FROM record WHERE path = ?'

/** A record; without its value if that is large, so that a page of them has a bound. */
export interface SmallRecord {
  path: string
  cid: string
  value: Uint8Array | undefined
}

const MAX_SMALL_BYTES = 16_384

/** `query` selects `path`, `cid` and `value`, in order. Of records of more than 16 KiB the value is undefined. */
export async function smallRecords(
  sql: Sql,
  query: string,
  ...params: (string | number)[]
): Promise<SmallRecord[]> {
  const page = await sql.first<{
    paths: string | null
    cids: string
    sizes: string
    blocks: string
  }>(
    `SELECT group_concat(path, char(10)) AS paths, group_concat(cid, char(10)) AS cids,
            group_concat(ifnull(length(value), -1), ',') AS sizes, hex(group_concat(value, '')) AS blocks
     FROM (SELECT path, cid, CASE WHEN length(value) <= ${MAX_SMALL_BYTES} THEN value END AS value
           FROM (${query}))`,
    ...params,
  )
  if (!page?.paths) return []
  const cids = page.cids.split('\n')
  const sizes = page.sizes.split(',').map(Number)
  const blocks = fromHex(page.blocks)
  let at = 0
  return page.paths.split('\n').map((path, i) => {
    const size = sizes[i]!
    if (size < 0) return { path, cid: cids[i]!, value: undefined }
    at += size
    return { path, cid: cids[i]!, value: blocks.subarray(at - size, at) }
  })
}
