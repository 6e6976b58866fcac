/** Sends the lines of a file to a method that responds with a line for each, and reads the results meanwhile. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

export interface Row {
  n: number
  text: string
}

export interface RowResult {
  n: number
  status: 'created' | 'existing' | 'error'
  error?: string
  message?: string
}

interface StreamPorts {
  server: Pick<ServerClient, 'url' | 'headers'>
  method: string
  tenant: string
  onResult(result: RowResult): void
  /** Aborted by the user. */
  signal: AbortSignal
}

/**
 * Resolves when the server has answered for all rows. Rejects with an XrpcError if it refuses the file, and with another
 * error if the connection breaks off: then some rows have no result.
 */
export function streamRows(
  { server, method, tenant, onResult, signal }: StreamPorts,
  rows: readonly Row[],
): Promise<void> {
  const url = new URL(`${server.url}/xrpc/${method}`)
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = { ...server.headers, tenant, 'content-type': 'application/x-ndjson' }
  return new Promise((resolve, reject) => {
    const request = open(url, { method: 'POST', headers, signal })
    request.on('error', reject)
    request.on('response', async (response) => {
      response.on('error', reject)
      try {
        if (response.statusCode !== 200) return reject(await refusalOf(response))
        let isComplete = false
        for await (const line of createInterface({ input: response })) {
          const value = JSON.parse(line) as RowResult & { summary?: object; message?: string }
          if (value.summary !== undefined) {
            if (value.error !== undefined) {
              return reject(new XrpcError(400, value.error, value.message ?? ''))
            }
            isComplete = true
          } else if (value.n !== undefined) {
            onResult({ ...value, n: rows[value.n - 1]?.n ?? value.n })
          }
        }
        if (isComplete) resolve()
        else reject(new Error('the connection broke off'))
      } catch (error) {
        reject(error)
      }
    })
    const send = async () => {
      for (const { text } of rows) {
        if (!request.write(`${text}\n`)) await new Promise((taken) => request.once('drain', taken))
      }
      request.end()
    }
    send().catch(reject)
  })
}

async function refusalOf(response: AsyncIterable<Buffer> & { statusCode?: number | undefined }) {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const { statusCode = 500 } = response
  try {
    const { error, message } = JSON.parse(Buffer.concat(chunks).toString())
    return new XrpcError(statusCode, error, message)
  } catch {
    return new XrpcError(statusCode, 'Error', `the server answered ${statusCode}`)
  }
}
