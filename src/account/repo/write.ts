/**
 * createRecord, putRecord, deleteRecord and applyWrites: each decides what to write and leaves the commit to
 * `commitWrites`.
 */
import type { Account } from '#src/account/account.ts'
import { cidsOf } from '#src/account/blobs/references.ts'
import { type CommitRef, commitWrites, type RecordWrite } from '#src/account/repo/commit-writes.ts'
import { withTypedPictures } from '#src/account/repo/legacy-blobs.ts'
import { backlinkKey, backlinksTo, type NewRecord } from '#src/account/repo/records.ts'
import type { Job, LaneView, Prepared } from '#src/account/write-lane.ts'
import { invalidRequest } from '#src/errors.ts'
import {
  prepareRecord,
  type RecordInput,
  type ValidationStatus,
} from '#src/protocol/prepare-record.ts'
import { hasSlur } from '#src/protocol/slurs.ts'
import { lookUp } from '#src/protocol/tree.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { mustWrite } from '#src/rules/states.ts'

export interface WriteOptions {
  validate?: boolean
  swapCommit?: string | null
  /** What the caller writes with: see rules/commit-clients.ts. */
  client?: string | undefined
}

export interface CreateRecord extends WriteOptions {
  collection: string
  rkey?: string
  record: unknown
}

export interface PutRecord extends WriteOptions {
  collection: string
  rkey: string
  record: unknown
  /** The record's CID before the write; null if there must be no record. */
  swapRecord?: string | null
}

export interface DeleteRecord {
  collection: string
  rkey: string
  swapRecord?: string | null
  swapCommit?: string | null
  client?: string | undefined
}

export type Write =
  | {
      $type: 'com.atproto.repo.applyWrites#create'
      collection: string
      rkey?: string
      value: unknown
    }
  | {
      $type: 'com.atproto.repo.applyWrites#update'
      collection: string
      rkey: string
      value: unknown
    }
  | { $type: 'com.atproto.repo.applyWrites#delete'; collection: string; rkey: string }

export interface Written {
  uri: string
  cid: string
  commit?: CommitRef
  validationStatus?: ValidationStatus
}

/** Throws 409 if the rkey is taken. */
export async function createRecord(
  account: Account,
  input: CreateRecord,
  key?: IdempotencyKey,
): Promise<Written> {
  await mustBeWritable(account)
  const validated = newRecord(account, input, input.rkey, input.record)
  const write: RecordWrite = { action: 'create', record: validated.record }
  const job = async (view: LaneView): Promise<Prepared<Written>> => {
    const writes = [...(await supersededBy(account, view, validated.record, input)), write]
    const prepared = await commitWrites(account, view, writes, input)
    return { ...prepared, answer: { ...resultOf(account, validated), commit: prepared.answer } }
  }
  return inLane(account, [validated.record], job, key)
}

/**
 * If the record already has this value, there is no commit, whatever the swaps say: so a put whose answer was lost may
 * be retried.
 */
export async function putRecord(
  account: Account,
  input: PutRecord,
  key?: IdempotencyKey,
): Promise<Written> {
  await mustBeWritable(account)
  const value = await withTypedPictures(account, input, input.record)
  const validated = newRecord(account, input, input.rkey, value)
  const result = resultOf(account, validated)
  const job = async (view: LaneView): Promise<Prepared<Written>> => {
    const current = lookUp(view.head.tree, validated.record.path)
    if (current === validated.record.cid) return unchanged(view, result)
    mustMatch(current, input.swapRecord)
    const action = current === null ? 'create' : 'update'
    const writes: RecordWrite[] = [{ action, record: validated.record }]
    const prepared = await commitWrites(account, view, writes, input)
    return { ...prepared, answer: { ...result, commit: prepared.answer } }
  }
  return inLane(account, [validated.record], job, key)
}

/** Deleting a missing record is no error and no commit, whatever the swaps say. */
export async function deleteRecord(
  account: Account,
  input: DeleteRecord,
  key?: IdempotencyKey,
): Promise<{ commit?: CommitRef }> {
  await mustBeWritable(account)
  const path = `${input.collection}/${input.rkey}`
  const job = async (view: LaneView): Promise<Prepared<{ commit?: CommitRef }>> => {
    const current = lookUp(view.head.tree, path)
    if (current === null) return unchanged(view, {})
    mustMatch(current, input.swapRecord)
    const writes: RecordWrite[] = [{ action: 'delete', path }]
    const prepared = await commitWrites(account, view, writes, input)
    return { ...prepared, answer: { commit: prepared.answer } }
  }
  return inLane(account, [], job, key)
}

export type WriteResult =
  | ({
      $type:
        | 'com.atproto.repo.applyWrites#createResult'
        | 'com.atproto.repo.applyWrites#updateResult'
    } & Omit<Written, 'commit'>)
  | { $type: 'com.atproto.repo.applyWrites#deleteResult' }

interface AppliedWrites {
  commit: CommitRef
  results: WriteResult[]
}

export async function applyWrites(
  account: Account,
  input: WriteOptions & { writes: readonly Write[] },
  key?: IdempotencyKey,
): Promise<AppliedWrites> {
  await mustBeWritable(account)
  const validated = await Promise.all(
    input.writes.map((write, i) => prepareWrite(account, write, input, i)),
  )
  const writes = validated.map(({ write }) => write)
  const results = validated.map(({ result }) => result)
  const records = writes.flatMap((write) => (write.action === 'delete' ? [] : write.record))
  const job = async (view: LaneView): Promise<Prepared<AppliedWrites>> => {
    const prepared = await commitWrites(account, view, writes, input)
    return { ...prepared, answer: { commit: prepared.answer, results } }
  }
  return inLane(account, records, job, key)
}

async function prepareWrite(
  account: Account,
  write: Write,
  options: WriteOptions,
  index: number,
): Promise<{ write: RecordWrite; result: WriteResult }> {
  const { $type, collection } = write
  if ($type === 'com.atproto.repo.applyWrites#delete') {
    const result = { $type: 'com.atproto.repo.applyWrites#deleteResult' } as const
    return { write: { action: 'delete', path: `${collection}/${write.rkey}` }, result }
  }
  const at = ['writes', index, 'value']
  const isCreate = $type === 'com.atproto.repo.applyWrites#create'
  const value = isCreate ? write.value : await withTypedPictures(account, write, write.value)
  const validated = newRecord(account, { ...options, collection, at }, write.rkey, value)
  const action = isCreate ? 'create' : 'update'
  return {
    write: { action, record: validated.record },
    result: {
      $type: `com.atproto.repo.applyWrites#${action}Result`,
      ...resultOf(account, validated),
    },
  }
}

// Blobs that the records reference are not deleted meanwhile.
function inLane<T>(
  account: Account,
  records: readonly NewRecord[],
  job: Job<T>,
  key?: IdempotencyKey,
): Promise<T> {
  const blobRefs = records.flatMap(({ blobs }) => blobs)
  if (blobRefs.length === 0) return account.lane.write(job, { key: key?.id })
  const release = account.blobs.claim(cidsOf(blobRefs))
  return account.lane.write(job, { key: key?.id }).finally(release)
}

interface ValidatedRecord {
  record: NewRecord
  status: ValidationStatus | undefined
}

function newRecord(
  account: Account,
  input: Pick<RecordInput, 'collection' | 'validate' | 'at'>,
  rkey: string | undefined,
  value: unknown,
): ValidatedRecord {
  const { collection, validate, at } = input
  if (rkey !== undefined && hasSlur(rkey)) {
    throw invalidRequest('Unacceptable slur in record key')
  }
  const key = rkey ?? account.tids.next()
  const { bytes, cid, blobs, subjects, status } = prepareRecord({
    collection,
    rkey: key,
    record: value,
    ...(validate === undefined ? {} : { validate }),
    ...(at && { at }),
  })
  return {
    record: { path: `${collection}/${key}`, cid, block: bytes, blobs, subjects },
    status,
  }
}

function resultOf(account: Account, { record, status }: ValidatedRecord): Omit<Written, 'commit'> {
  const uri = `at://${account.did}/${record.path}`
  return { uri, cid: record.cid, ...(status && { validationStatus: status }) }
}

// A new like, repost, follow or block replaces the one with the same subject (the reference PDS's rule).
async function supersededBy(
  account: Account,
  view: LaneView,
  record: NewRecord,
  input: CreateRecord,
): Promise<RecordWrite[]> {
  if (input.validate === false) return []
  const paths = new Set<string>()
  for (const subject of record.subjects) {
    for (const path of await backlinksTo(account, input.collection, subject)) paths.add(path)
    for (const path of view.recentBacklinks(backlinkKey(input.collection, subject))) paths.add(path)
  }
  paths.delete(record.path)
  return [...paths]
    .filter((path) => lookUp(view.head.tree, path) !== null)
    .map((path) => ({ action: 'delete', path }))
}

function mustMatch(current: string | null, swapRecord: string | null | undefined): void {
  if (swapRecord === undefined || swapRecord === current) return
  throw invalidRequest(`Record was at ${current}`, 'InvalidSwap')
}

function unchanged<T>({ head }: LaneView, answer: T): Prepared<T> {
  return { answer, head, statements: [], events: [] }
}

async function mustBeWritable(account: Account): Promise<void> {
  const { status } = await account.profile.get()
  mustWrite(status)
}
