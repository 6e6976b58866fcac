/** The subject of a moderation form: typed, or of a case. */

import { invalidRequest } from '#src/errors.ts'
import type { ConsoleCall } from '#src/gateway/pages/operator/console-call.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { isDid } from '#src/protocol/did.ts'
import type { CaseSubject } from '#src/rules/moderation-cases.ts'

type Words = Pick<ConsoleCall, 'text'>
type Server = Pick<ConsolePorts['server'], 'dispatch'>

/**
 * Takes a handle or DID, the at:// address of a record, or a DID and a CID. Throws 400 for anything else, and for an account
 * that is not here.
 */
export async function readSubject(
  { text: say }: Words,
  { dispatch }: Server,
  typed: string,
): Promise<CaseSubject> {
  const text = typed.trim()
  const [first = '', second, ...more] = text.split(/\s+|\/(?=baf)/)
  const [, name = '', collection, rkey] =
    /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(text) ?? ([undefined, first] as const)
  const isBlob = second !== undefined && isDid(first) && /^baf[a-z2-7]{20,}$/.test(second)
  const isWrong = more.length > 0 || (second !== undefined && !isBlob)
  const identifier = name.replace(/^@/, '').toLowerCase()
  const found = isWrong ? null : await dispatch.directory.accounts.find({ identifier })
  if (!found) {
    throw invalidRequest(say('wrongSubject'))
  }
  const { did } = found
  if (collection !== undefined) return { did, uri: `at://${did}/${collection}/${rkey}` }
  return { did, ...(isBlob && { blob: second! }) }
}

/** As com.atproto.admin.updateSubjectStatus takes it. Throws 400 if there is no such record. */
export async function statusSubject(
  { text }: Words,
  { dispatch }: Server,
  { did, uri, blob }: CaseSubject,
): Promise<object> {
  if (blob !== undefined) return { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid: blob }
  if (uri === undefined) return { $type: 'com.atproto.admin.defs#repoRef', did }
  const status = await dispatch.account(did).moderation.getRecordStatus(pathOf(uri))
  if (status === null) throw invalidRequest(text('noSuchRecord'))
  return { $type: 'com.atproto.repo.strongRef', uri, cid: status.cid }
}

export function pathOf(uri: string): { collection: string; rkey: string } {
  const [collection = '', rkey = ''] = uri.split('/').slice(3)
  return { collection, rkey }
}
