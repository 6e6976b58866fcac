/** Moderation subjects of com.atproto.admin: an account, a record or a blob. */
import { AtUri } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'

export type Subject = AccountSubject | RecordSubject | BlobSubject

interface AccountSubject {
  kind: 'account'
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

/** Takes a repoRef, strongRef or repoBlobRef. Throws 400 for other types. */
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

/** Throws 400 if the parameters name none. */
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

function recordSubject(atUri: string): RecordSubject {
  const uri = new AtUri(atUri)
  const { hostname: repo, collection, rkey } = uri
  if (!collection || !rkey) throw invalidRequest(`Not the URI of a record: ${atUri}`)
  return { kind: 'record', repo, collection, rkey }
}

/** The lexicon has validated the members of known types, but their TypeScript type is open. */
function memberOf(subject: object, name: string): string {
  const value: unknown = Reflect.get(subject, name)
  if (typeof value !== 'string') throw invalidRequest(`Invalid subject: ${name} is missing`)
  return value
}
