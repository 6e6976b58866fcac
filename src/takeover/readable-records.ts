/** The records of an account in pages for its actor, and those that cannot be read and are left out. */
import { isValidNsid, isValidRecordKey } from '@atproto/syntax'
import type { TakeoverRecord } from '#src/account/lifecycle/take-over.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { blockValue, readRecord } from '#src/protocol/repo-blocks.ts'
import type { ReferenceAccount } from '#src/takeover/read-account.ts'

const PAGE_RECORDS = 1_000
const PAGE_BYTES = 512 * 1024

/** A path, and why its record is left out. */
export interface UnreadableRecord {
  path: string
  reason: string
}

/** `onUnreadable` is called for each record that is left out: the account then signs a new commit of the rest. */
export function* pagesOf(
  { store, records }: Pick<ReferenceAccount, 'store' | 'records'>,
  onUnreadable: (record: UnreadableRecord) => void,
): Generator<TakeoverRecord[]> {
  let page: TakeoverRecord[] = []
  let size = 0
  for (const { path, cid } of records) {
    const bytes = store.block(cid)
    const reason = problemOf(path, cid, bytes)
    if (bytes === undefined || reason !== undefined) {
      onUnreadable({ path, reason: reason ?? 'its block is missing' })
      continue
    }
    if (page.length === PAGE_RECORDS || (size + bytes.length > PAGE_BYTES && size > 0)) {
      yield page
      page = []
      size = 0
    }
    page.push({ path, cid, bytes })
    size += bytes.length
  }
  if (page.length > 0) yield page
}

function problemOf(path: string, cid: string, bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return 'its block is missing'
  const slash = path.indexOf('/')
  const isNamed = isValidNsid(path.slice(0, slash)) && isValidRecordKey(path.slice(slash + 1))
  if (!isNamed) return 'its path is invalid'
  if (cidForCbor(bytes) !== cid) return 'its block does not match its CID'
  try {
    readRecord(blockValue(bytes), path)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
