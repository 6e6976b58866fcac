/** Files of accounts that a tenant sends, and what the development PLC directory has of them. */
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'

export interface RowResult {
  n: number
  externalId?: string
  status: string
  did?: string
  handle?: string
  error?: string
}

/** Sends a file; with `leaveAfter` the client leaves after so many results, and the rest is not known. */
export function sendRows(
  { url, headers }: { url: string; headers: Record<string, string> },
  method: string,
  lines: readonly string[],
  leaveAfter = Number.POSITIVE_INFINITY,
) {
  const results: RowResult[] = []
  const summaries: object[] = []
  return new Promise<{ results: RowResult[]; summaries: object[] }>((resolve) => {
    const end = () => resolve({ results, summaries })
    const call = request(
      `${url}/xrpc/dev.headwater.tenant.${method}`,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/x-ndjson' } },
      async (response) => {
        response.on('error', end)
        try {
          for await (const line of createInterface({ input: response })) {
            const value = JSON.parse(line)
            if (value.n !== undefined) results.push(value)
            if (value.summary !== undefined) summaries.push(value.summary)
            if (results.length >= leaveAfter) call.destroy()
          }
        } catch {
          // The server was killed, or the client has left.
        }
        end()
      },
    )
    call.on('error', end)
    call.end(lines.join('\n'))
  })
}

/** All DIDs of the PLC directory, with the number of their operations. */
export function publishedDids(folder: string): Map<string, number> {
  const database = new DatabaseSync(join(folder, 'plc.sqlite'), { readOnly: true })
  const counted = database
    .prepare('SELECT did, count(*) AS n FROM operation GROUP BY did')
    .all() as { did: string; n: number }[]
  database.close()
  return new Map(counted.map(({ did, n }) => [did, n]))
}
