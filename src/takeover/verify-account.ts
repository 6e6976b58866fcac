/** Verifies an account of the reference before it is taken over: its key, its commit, its records, its blobs. */
import { isValidHandle } from '@atproto/syntax'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { DidSource } from '#src/ports/did-resolver.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { commitProblem } from '#src/protocol/commit-problem.ts'
import { serviceEndpoint, verificationKey } from '#src/protocol/did-document.ts'
import { buildTree, cidOf } from '#src/protocol/tree.ts'
import type { ReferenceAccount } from '#src/takeover/read-account.ts'
import { pagesOf } from '#src/takeover/readable-records.ts'

export interface VerifyPorts {
  blobs: Pick<BlobStorage, 'open'>
  /** Undefined if DID documents are not to be looked at. */
  resolver: DidSource | undefined
  publicUrl: string
}

/** `newCommit`: the commit cannot be kept. `notes` are for the operator, and stop nothing. */
export interface Verified {
  records: number
  blobs: number
  newCommit: string | undefined
  notes: string[]
}

export async function verifyAccount(
  { blobs, resolver, publicUrl }: VerifyPorts,
  account: ReferenceAccount,
): Promise<Verified> {
  const notes: string[] = []
  const paths: string[] = []
  const cids: string[] = []
  const leaveOut = ({ path, reason }: { path: string; reason: string }) =>
    notes.push(`the record ${path} will be left out: ${reason}`)
  for (const page of pagesOf(account, leaveOut)) {
    for (const { path, cid } of page) {
      paths.push(path)
      cids.push(cid)
    }
  }
  const key = signingKey(account.key).did()
  const newCommit = await rootProblem(account, key, cidOf(buildTree(paths, cids)))
  notes.push(...nameNotes(account), ...(await missingBlobs(blobs, account)))
  if (resolver !== undefined)
    notes.push(...(await documentNotes(resolver, account, key, publicUrl)))
  return { records: paths.length, blobs: account.blobs.length, newCommit, notes }
}

async function rootProblem({ did, root }: ReferenceAccount, didKey: string, data: string) {
  if (root === undefined) return 'the repo has no commit'
  const { block } = root
  if (block === undefined) return 'the block of the commit is missing'
  return commitProblem({ ...root, block }, { did, data, didKey })
}

function nameNotes({ rows }: ReferenceAccount): string[] {
  const { handle, email } = rows.actor
  return [
    ...(handle === null ? ['it has no handle, and gets one that ends in .invalid'] : []),
    ...(handle !== null && !isValidHandle(handle) ? [`the handle ${handle} is not valid`] : []),
    ...(email === null ? ['it has no email and no password'] : []),
  ]
}

async function missingBlobs(
  storage: VerifyPorts['blobs'],
  { did, blobs }: ReferenceAccount,
): Promise<string[]> {
  const missing: string[] = []
  for (const { cid, tempKey, takedownRef } of blobs) {
    // Uploads and blobs that were taken down are elsewhere.
    if (tempKey !== null || takedownRef !== null) continue
    const blob = await storage.open(did, cid)
    if (blob === undefined) missing.push(`the blob ${cid} is missing`)
    else await blob.close()
  }
  return missing
}

async function documentNotes(
  resolver: DidSource,
  { did, rows }: ReferenceAccount,
  key: string,
  publicUrl: string,
): Promise<string[]> {
  const document = await resolver.resolve(did).catch(() => null)
  if (document === null) return ['its DID document cannot be fetched now']
  if (document === undefined) return ['it has no DID document']
  const endpoint = serviceEndpoint(document, 'atproto_pds')
  // An account that has moved away is deactivated here.
  if (endpoint !== publicUrl) {
    return rows.actor.deactivatedAt === null ? [`its DID document names ${endpoint}`] : []
  }
  const named = verificationKey(document, 'atproto')
  return named === key ? [] : ['its DID document names another signing key']
}
