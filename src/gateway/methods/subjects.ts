/** What moderators speak of: an account, a record or a blob of this server (com.atproto.admin). */
import { AtUri } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'

export type Subject = AccountSubject | RecordSubject | BlobSubject

interface AccountSubject {
  kind: 'account'
  /** DID. */
  repo: string
}

export interface RecordSubject {
  kind: 'record'
  /** DID or handle. */
  repo: string
  collection: string
  rkey: string
}

interface BlobSubject {
  kind: 'blob'
  repo: string
  cid: string
}

/** A subject of updateSubjectStatus: repoRef, strongRef or repoBlobRef. Throws 400 for another. */
export function parseSubject(subject: { readonly $type: string }): Subject {
  switch (subject.$type) {
    case 'com.atproto.admin.defs#repoRef':
      return { kind: 'account', repo: memberOf(subject, 'did') }
    case 'com.atproto.repo.strongRef':
      return recordSubject(memberOf(subject, 'uri'))
    case 'com.atproto.admin.defs#repoBlobRef':
      return { kind: 'blob', repo: memberOf(subject, 'did'), cid: memberOf(subject, 'cid') }
    default:
      throw invalidRequest(`Invalid subject (${subject.$type})`)
  }
}

/** The subject of getSubjectStatus: a blob of a DID, a record, or a whole account. Throws 400 for none. */
export function subjectFromParams(params: { did?: string; uri?: string; blob?: string }): Subject {
  const { did, uri, blob } = params
  if (blob !== undefined) {
    if (did === undefined) throw invalidRequest('Must provide a did to request blob state')
    return { kind: 'blob', repo: did, cid: blob }
  }
  if (uri !== undefined) return recordSubject(uri)
  if (did !== undefined) return { kind: 'account', repo: did }
  throw invalidRequest('No provided subject')
}

function recordSubject(text: string): RecordSubject {
  const uri = new AtUri(text)
  const { hostname: repo, collection, rkey } = uri
  if (!collection || !rkey) throw invalidRequest(`Not the URI of a record: ${text}`)
  return { kind: 'record', repo, collection, rkey }
}

/** The lexicon has checked it: a type that is known has its members. */
function memberOf(subject: object, name: string): string {
  const value: unknown = Reflect.get(subject, name)
  if (typeof value !== 'string') throw invalidRequest(`Invalid subject: ${name} is missing`)
  return value
}
