/** The subject of a moderation case, from that of a method. */
import type { Subject } from '#src/gateway/methods/subjects.ts'
import type { CaseSubject } from '#src/rules/moderation-cases.ts'

/** `did` is the account that `subject.repo` names. */
export function caseSubject(did: string, subject: Subject): CaseSubject {
  if (subject.kind === 'account') return { did }
  if (subject.kind === 'blob') return { did, blob: subject.cid }
  return { did, uri: `at://${did}/${subject.collection}/${subject.rkey}` }
}
