/** Stores the file of a job, in parts, as it arrives. */
import { randomUUID } from 'node:crypto'
import { XrpcError } from '#src/errors.ts'
import type { Row } from '#src/gateway/provisioning/row-results.ts'
import type { RowKind } from '#src/gateway/provisioning/row-runner.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Job } from '#src/tenants/jobs.ts'

const MAX_ROWS = 50_000
const MAX_PART_ROWS = 256
const MAX_PART_BYTES = 512 * 1024

/** Throws 413 for too many rows, 429 for too many jobs, and any error of `rows`; then the job is cancelled. */
export async function receiveJob(
  { dispatch, provisioning }: Pick<ServerContext, 'dispatch' | 'provisioning'>,
  { tenant, kind, by }: { tenant: string; kind: RowKind; by: string },
  rows: AsyncIterable<Row>,
): Promise<Job> {
  const id = randomUUID()
  const { jobs } = dispatch.tenant(tenant)
  await jobs.begin({ id, kind, by })
  try {
    let count = 0
    let n = 0
    for await (const part of partsOf(rows)) {
      count += part.length
      if (count > MAX_ROWS) throw tooManyRows()
      const input = sealRows(provisioning, id, part)
      await jobs.addPart({ id, n: n++, input, rows: part.length })
    }
    await dispatch.directory.tenantJobs.add({ tenant, job: id })
    return await jobs.start({ id })
  } catch (error) {
    await jobs.cancel({ id }).catch(() => {})
    throw error
  }
}

/** Rows may have passwords. */
function sealRows(
  { keychain }: ServerContext['provisioning'],
  job: string,
  rows: readonly Row[],
): Uint8Array {
  return keychain.seal(Buffer.from(JSON.stringify(rows)), `job ${job}`)
}

export function openRows(
  { keychain }: ServerContext['provisioning'],
  job: string,
  sealed: Uint8Array,
): Row[] {
  return JSON.parse(Buffer.from(keychain.open(sealed, `job ${job}`)).toString()) as Row[]
}

async function* partsOf(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let part: Row[] = []
  let bytes = 0
  for await (const row of rows) {
    part.push(row)
    bytes += row.text.length
    if (part.length < MAX_PART_ROWS && bytes < MAX_PART_BYTES) continue
    yield part
    part = []
    bytes = 0
  }
  if (part.length > 0) yield part
}

function tooManyRows(): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', `A job may have ${MAX_ROWS} rows at most`)
}
