/** Keeps what accounts here report about accounts here, for the moderation queue. */
import { randomUUID } from 'node:crypto'
import type { AddedReport } from '#src/directory/moderation-reports.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { parseSubject, type Subject } from '#src/gateway/methods/subjects.ts'
import { caseSubject } from '#src/gateway/moderation/case-subject.ts'
import type { Input } from '#src/gateway/xrpc/method-schema.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { main as createReport } from '#src/protocol/lexicons/com/atproto/moderation/createReport.defs.ts'

export interface ReportToKeep {
  /** Of the reporter. */
  did: string
  input: Input<typeof createReport>
}

/** Throws 400 SubjectNotFound if it is not about an account or a record here; 429, 503 TooManyCases. */
export async function storeReport(
  { directory }: ServerContext['dispatch'],
  { did, input }: ReportToKeep,
): Promise<AddedReport> {
  const { reasonType, reason, subject } = input
  const about = subjectOf(subject)
  const account = about && (await directory.accounts.find({ identifier: about.repo }))
  if (about === undefined || !account) {
    throw invalidRequest('The subject is not an account or a record here', 'SubjectNotFound')
  }
  const { cid } = subject as { cid?: unknown }
  return directory.moderationCases.addReport({
    ...{ id: randomUUID(), subject: caseSubject(account.did, about), reasonType },
    ...(reason !== undefined && { text: reason }),
    ...(typeof cid === 'string' && { cid }),
    ...{ by: did, isLimited: true },
  })
}

/** As `storeReport`, of a report that a service has taken: it is kept if it can be. */
export async function keepReport(
  dispatch: ServerContext['dispatch'],
  report: ReportToKeep,
): Promise<void> {
  try {
    await storeReport(dispatch, report)
  } catch (error) {
    const isRefused = error instanceof XrpcError && error.error !== 'ServiceUnavailable'
    if (!isRefused) throw error
  }
}

/** Undefined for subjects of other kinds, such as messages. */
function subjectOf(subject: { readonly $type: string }): Subject | undefined {
  try {
    return parseSubject(subject)
  } catch {
    return undefined
  }
}
