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

/** A record; without its value if that is large, so that a page of them has a bound. */
export interface SmallRecord {
  path: string
  cid: string
  value: Uint8Array | undefined
}

const MAX_SMALL_BYTES = 16 * 1024

/** `query` selects `path`, `cid` and `value`, in order. */
export async function packedRecords(
  sql: Sql,
  query: string,
  ...params: (string | number)[]
): Promise<StoredRecord[]> {
  return (await readPacked(sql, query, params)) as StoredRecord[]
}

/** As `packedRecords`; of records of more than 16 KiB the value is undefined. */
export function smallRecords(
  sql: Sql,
  query: string,
  ...params: (string | number)[]
): Promise<SmallRecord[]> {
  const small = `SELECT path, cid, CASE WHEN length(value) <= ${MAX_SMALL_BYTES} THEN value END AS value FROM (${query})`
  return readPacked(sql, small, params)
}

async function readPacked(
  sql: Sql,
  query: string,
  params: readonly (string | number)[],
): Promise<SmallRecord[]> {
  const page = await sql.first<{
    paths: string | null
    cids: string
    sizes: string
    blocks: string
  }>(
    `SELECT group_concat(path, char(10)) AS paths, group_concat(cid, char(10)) AS cids,
            group_concat(ifnull(length(value), -1), ',') AS sizes, hex(group_concat(value, '')) AS blocks
     FROM (${query})`,
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
