/** `headwater tenant import`: creates the accounts of a tenant from a file, or adopts DIDs. */
import { setTimeout as pause } from 'node:timers/promises'
import { bar } from '#src/cli/bar.ts'
import { type Command, type Invocation, UsageError } from '#src/cli/command.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'
import { type Row, type RowResult, streamRows } from '#src/cli/row-stream.ts'
import { XrpcError } from '#src/errors.ts'

/** Pauses before the rows without a result are sent again. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000]

export const importCommand: Command = {
  name: 'tenant import',
  summary: "Create a tenant's accounts from a file",
  details: [
    'Each line of the file is a JSON object with externalId and, optional, kind (person or group), handle, email,',
    'password, members, records and recoveryKey. With --adopt it has did and, optional, handle and externalId: DIDs whose',
    'documents name this server and a signing key that it has reserved. Prints a line of JSON for each account. If the',
    'connection breaks off it goes on by itself; run it again if it was interrupted: nothing is created twice.',
  ].join('\n'),
  operands: '<tenant> <file>',
  operandCount: [2, 2],
  alwaysShowsProgress: true,
  options: {
    adopt: { type: 'boolean', help: 'Adopt DIDs instead of creating accounts' },
    'errors-only': { type: 'boolean', help: 'Print only lines with an error' },
  },
  run: importFile,
}

interface Counts {
  created: number
  existing: number
  failed: number
}

async function importFile(invocation: Invocation): Promise<object> {
  const { server, options, operands, report, print } = invocation
  const [tenant = '', file = ''] = operands
  const method = `dev.headwater.tenant.${options['adopt'] === true ? 'adoptAccounts' : 'createAccounts'}`
  const rows = readRows(file)
  const startedAt = performance.now()
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  const { signal } = interrupted
  const counts = await importRows(
    {
      stream: (left, onResult) => streamRows({ server, tenant, method, onResult, signal }, left),
      onResult(result, soFar) {
        const isShown = result.status === 'error' || options['errors-only'] !== true
        if (isShown) print(JSON.stringify(result))
        report(progressBar(rows.length, soFar, performance.now() - startedAt))
      },
      onRetry: report,
      isStopped: () => signal.aborted,
    },
    rows,
  )
  if (counts.failed > 0) throw new Error(`${counts.failed} of ${rows.length} rows failed`)
  return counts
}

export interface ImportPorts {
  /** Rejects if the connection breaks off, or the server refuses the file. */
  stream(rows: readonly Row[], onResult: (result: RowResult) => void): Promise<void>
  onResult(result: RowResult, counts: Counts): void
  onRetry(message: string): void
  isStopped(): boolean
  wait?: (ms: number) => Promise<unknown>
}

/** Sends rows without a result again. Throws if they cannot be sent for a minute, and what the server refuses. */
export async function importRows(
  { stream, onResult, onRetry, isStopped, wait = pause }: ImportPorts,
  rows: readonly Row[],
): Promise<Counts> {
  const missing = new Map(rows.map((row) => [row.n, row]))
  const counts: Counts = { created: 0, existing: 0, failed: 0 }
  let attempt = 0
  while (missing.size > 0) {
    const before = missing.size
    try {
      await stream([...missing.values()], (result) => {
        // After a lost connection a row may be answered again.
        if (!missing.delete(result.n)) return
        counts[result.status === 'error' ? 'failed' : result.status]++
        onResult(result, counts)
      })
      if (missing.size > 0) throw new Error('the server did not answer for all rows')
    } catch (error) {
      const isBusy = error instanceof XrpcError && [429, 503].includes(error.status)
      if (error instanceof XrpcError && !isBusy) throw error
      attempt = missing.size < before ? 0 : attempt + 1
      const waitMs = RETRY_MS[attempt]
      const done = `${rows.length - missing.size} of ${rows.length} rows are done`
      if (isStopped() || waitMs === undefined) {
        const why = isStopped() ? 'interrupted' : (error as Error).message
        throw new Error(`${why}: ${done}. Run it again to go on`)
      }
      onRetry(`${(error as Error).message}, trying again: ${done}`)
      await wait(waitMs)
    }
  }
  return counts
}

function readRows(path: string): Row[] {
  const text = readTextFile(path)
  const rows = text
    .split(/\r?\n/)
    .map((line, i) => ({ n: i + 1, text: line.trim() }))
    .filter((row) => row.text !== '')
  if (rows.length === 0) throw new UsageError(`${path} has no rows: it is empty`)
  return rows
}

export function progressBar(
  rows: number,
  { created, existing, failed }: Counts,
  elapsedMs: number,
): string {
  const done = created + existing + failed
  const rate = elapsedMs > 0 ? Math.round((done * 1000) / elapsedMs) : 0
  return `${bar(done, rows)} ${done} of ${rows}, ${created} created, ${existing} existed, ${failed} failed, ${rate}/s`
}
