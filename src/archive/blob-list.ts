/** The list of an archive's blobs, a line of JSON for each: the CID is the hash of its bytes. */
import { ArchiveProblem } from '#src/archive/problem.ts'
import { isCid } from '#src/protocol/cid.ts'

export interface ArchivedBlob {
  cid: string
  /** Bytes. */
  size: number
  mimeType: string
  /** Its bytes were not there when the archive was made. */
  missing?: boolean
}

const MAX_LINE_BYTES = 4_096

export function blobLine({ cid, size, mimeType, missing }: ArchivedBlob): string {
  return `${JSON.stringify({ cid, size, mimeType, ...(missing && { missing }) })}\n`
}

/** Throws `ArchiveProblem` for a line that is not one of a blob. */
export async function* readBlobList(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchivedBlob> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield parseLine(rest.subarray(0, end).toString())
      rest = rest.subarray(end + 1)
    }
    if (rest.length > MAX_LINE_BYTES) throw malformed()
  }
  if (rest.length > 0) throw malformed()
}

function parseLine(line: string): ArchivedBlob {
  try {
    const { cid, size, mimeType, missing } = JSON.parse(line)
    if (!isCid(cid) || !Number.isSafeInteger(size) || typeof mimeType !== 'string') {
      throw malformed()
    }
    return { cid, size, mimeType, ...(missing === true && { missing }) }
  } catch {
    throw malformed()
  }
}

function malformed(): ArchiveProblem {
  return new ArchiveProblem('blobs.jsonl is malformed')
}
