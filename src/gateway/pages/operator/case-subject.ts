/** What a case is about, as the account has it now: its state, the record, and the images in it. */
import type { CaseView } from '#src/directory/moderation-cases.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { pathOf } from '#src/gateway/pages/operator/read-subject.ts'
import { blobCid } from '#src/gateway/read-after-write/views.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import { cidFromBytes } from '#src/protocol/cid.ts'
import { recordJson } from '#src/protocol/record-json.ts'

const MAX_IMAGES = 4

export interface SubjectState {
  accountStatus: string
  /** Of the account. */
  takedownRef: string | null
  isSuspended: boolean
  /** The record of the case, or the profile of the account; undefined if there is none. */
  record?: { cid: string; takedownRef: string | null; json: string | undefined } | undefined
  /** Of the record, or the blob of the case. */
  images: { cid: string; takedownRef: string | null }[]
}

/** Undefined if the account has been deleted. */
export async function readSubjectState(
  { dispatch }: ConsolePorts['server'],
  { did, uri, blob, handle }: CaseView,
): Promise<SubjectState | undefined> {
  if (handle === null) return undefined
  const account = dispatch.account(did)
  const profile = `at://${did}/app.bsky.actor.profile/self`
  const [state, record] = await Promise.all([
    account.moderation.getState(),
    blob === undefined ? readRecord(account, uri ?? profile) : undefined,
  ])
  const cids = blob === undefined ? imagesOf(record?.json) : [blob]
  const images = await Promise.all(
    cids.map(async (cid) => {
      const found = await orNone(account.blob.getTakedown({ cid }))
      return { cid, takedownRef: found?.takedownRef ?? null }
    }),
  )
  const { status, takedownRef, suspendedAt } = state
  const isSuspended = suspendedAt != null
  return { accountStatus: status, takedownRef, isSuspended, record, images }
}

async function readRecord(account: RemoteAccount, uri: string): Promise<SubjectState['record']> {
  const path = pathOf(uri)
  const status = await orNone(account.moderation.getRecordStatus(path))
  if (!status) return undefined
  const car = await orNone(account.sync.getRecord(path, 'admin'))
  const blocks = car === undefined ? [] : new CarReader().push(car)
  const block = blocks.find(({ cid }) => cidFromBytes(cid) === status.cid)
  return { ...status, json: block && recordJson(block.bytes) }
}

/** CIDs of the images that the record names. */
function imagesOf(json: string | undefined): string[] {
  if (json === undefined) return []
  const found = new Set<string>()
  JSON.parse(json, (_, value: unknown) => {
    const { $type, mimeType = '' } = (value ?? {}) as { $type?: unknown; mimeType?: unknown }
    const cid =
      $type === 'blob' && String(mimeType).startsWith('image/') ? blobCid(value) : undefined
    if (cid !== undefined) found.add(cid)
    return value
  })
  return [...found].slice(0, MAX_IMAGES)
}

/** Undefined if the account refuses it, as it does for what is gone. */
async function orNone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof XrpcError && error.status === 400) return undefined
    throw error
  }
}
