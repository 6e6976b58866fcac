/** Moderation cases: their states, the decisions that close them, and the kinds of reasons that reports have. */

export const caseStates = ['open', 'escalated', 'closed'] as const
export type CaseState = (typeof caseStates)[number]

export const caseDecisions = [
  'takedown',
  'suspension',
  'warning',
  'no-violation',
  'duplicate',
  'other',
] as const
export type CaseDecision = (typeof caseDecisions)[number]

export const reasonKinds = [
  'spam',
  'misleading',
  'sexual',
  'harassment',
  'violence',
  'child-safety',
  'self-harm',
  'rules',
  'appeal',
  'other',
] as const
export type ReasonKind = (typeof reasonKinds)[number]

/** The first that matches counts. */
const kindsByName: readonly (readonly [name: RegExp, kind: ReasonKind])[] = [
  [/Spam$/, 'spam'],
  [/^Misleading/, 'misleading'],
  [/^Sexual/, 'sexual'],
  [/^(Harassment|Rude)/, 'harassment'],
  [/^Violence/, 'violence'],
  [/^ChildSafety/, 'child-safety'],
  [/^SelfHarm/, 'self-harm'],
  [/^(Rule|Violation$)/, 'rules'],
  [/^Appeal$/, 'appeal'],
]

/** Of a reason type of com.atproto.moderation.defs or tools.ozone.report.defs; `other` for unknown ones. */
export function reasonKindOf(reasonType: string): ReasonKind {
  const name = reasonType.split('#reason')[1] ?? ''
  return kindsByName.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
}

/** What a case is about: an account, a record of it (`uri`), or a blob of it (`blob`, a CID). */
export interface CaseSubject {
  did: string
  uri?: string
  blob?: string
}

/** Unique among subjects: a DID, an at:// URI, or a DID and a CID. */
export function subjectKey({ did, uri, blob }: CaseSubject): string {
  return blob === undefined ? (uri ?? did) : `${did}/${blob}`
}

export function subjectOfKey(key: string): CaseSubject {
  if (key.startsWith('at://')) return { did: key.split('/')[2]!, uri: key }
  const [did = '', blob] = key.split('/')
  return { did, ...(blob !== undefined && { blob }) }
}
