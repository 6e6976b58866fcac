/** Opens an account for an archive: its repo, blobs, preferences and private state, all of one moment. */
import type { Account } from '#src/account/account.ts'
import { readPrivateState } from '#src/account/archive/private-state.ts'
import type { Head } from '#src/account/head.ts'
import { beginExport, readExportPart } from '#src/account/repo/export.ts'
import { wholeRepo } from '#src/account/repo/export-chunks.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { archiveStateContext } from '#src/rules/archive-state.ts'

export interface OpenedArchive {
  /** For `readArchivePart`, `sync.readExport` and `sync.closeExport`. Read the parts before the repo. */
  id: string
  did: string
  handle: string | null
  status: string
  rev: string
  root: string
  /** did:key */
  signingKey: string
}

/**
 * A line for each: CID, size, media type, storage key of the upload if its bytes are there still, and 1 if a moderator has
 * taken it down.
 */
export type ListedBlob = readonly [
  cid: string,
  size: number,
  mimeType: string,
  tempKey: string | null,
  isTakenDown: 0 | 1,
]

export type ArchivePart = 'blobs' | 'preferences' | 'private'

const PAGE_BLOBS = 20_000
/** Some 100 bytes each, in memory while the archive is made. */
const MAX_BLOBS = 200_000

/**
 * Throws 400 RepoNotFound if the account does not exist or is deleted, 413 for more blobs than an archive can have, 503 for
 * too many exports.
 */
export async function openArchive(account: Account): Promise<OpenedArchive> {
  let opened: string | undefined
  return account.lane.write(
    async ({ head }) => {
      // The job is run again if a transaction failed meanwhile.
      if (opened !== undefined) account.snapshots.close(opened)
      const row = await account.profile.get()
      if (row.status === 'deleted') throw invalidRequest('Could not find repo', 'RepoNotFound')
      const state = Buffer.from(JSON.stringify(await readPrivateState(account, row)))
      const parts = new Map<ArchivePart, Uint8Array>([
        ['blobs', await listBlobs(account)],
        ['preferences', await readPreferences(account)],
        ['private', account.keys.seal(state, archiveStateContext(account.did))],
      ])
      opened = begin(account, head, parts)
      const { handle, status, signingKeyDid: signingKey } = row
      const answer = { id: opened, did: account.did, handle, status, signingKey }
      return {
        answer: { ...answer, rev: head.rev, root: head.cid },
        ...{ head, statements: [], events: [] },
      }
    },
    { readsDatabase: true },
  )
}

/** A page of a part, from the byte `at`. Throws 400 ExportExpired. */
export function readArchivePart(
  account: Account,
  input: { id: string; part: ArchivePart; at: number },
): { bytes: Uint8Array; done: boolean } {
  return readExportPart(account, input)
}

function begin(account: Account, head: Head, parts: ReadonlyMap<string, Uint8Array>): string {
  const exporter = { address: undefined, isOwner: true }
  return beginExport(account, head, wholeRepo(account, head), exporter, parts)
}

/** Those that records refer to, in the order of their CIDs. */
async function listBlobs({ sql }: Account): Promise<Uint8Array> {
  const pages: string[] = []
  for (let after = '', count = 0; ; ) {
    const page = await sql.first<{ lines: string | null; last: string | null; count: number }>(
      `SELECT group_concat(json_array(cid, size, mime_type, temp_key, is_taken_down), char(10)) AS lines,
         max(cid) AS last, count(*) AS count
       FROM (SELECT used.cid, coalesce(size, 0) AS size, coalesce(mime_type, '') AS mime_type, temp_key,
               takedown_ref IS NOT NULL AS is_taken_down
             FROM (SELECT DISTINCT blob_cid AS cid FROM record_blob WHERE blob_cid > ?
                   ORDER BY blob_cid LIMIT ${PAGE_BLOBS}) AS used
             LEFT JOIN blob ON blob.cid = used.cid ORDER BY used.cid)`,
      after,
    )
    if (!page?.lines || page.last === null) break
    count += page.count
    if (count > MAX_BLOBS) {
      const message = `An archive has at most ${MAX_BLOBS} blobs`
      throw new XrpcError(413, 'PayloadTooLarge', message)
    }
    pages.push(page.lines)
    after = page.last
  }
  return Buffer.from(pages.join('\n'))
}

async function readPreferences({ sql }: Account): Promise<Uint8Array> {
  const row = await sql.first<{ value: string }>('SELECT value FROM preferences')
  return Buffer.from(row?.value ?? '[]')
}
