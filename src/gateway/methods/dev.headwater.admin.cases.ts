/** dev.headwater.admin: moderation cases and their reports. */
import { randomUUID } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import { caseView, entryView } from '#src/gateway/methods/case-views.ts'
import { readSubjectStatus } from '#src/gateway/methods/subject-status.ts'
import { subjectFromParams } from '#src/gateway/methods/subjects.ts'
import { caseSubject } from '#src/gateway/moderation/case-subject.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { ADMIN_PASSWORD } from '#src/rules/operators.ts'

const unknownSubject = () =>
  invalidRequest('The subject is not an account, record or blob here', 'SubjectNotFound')

export const createReport = method(admin.createReport, {
  auth: 'moderator',
  of: ({ input }) => subjectFromParams(input).repo,
  unknown: unknownSubject,
  run: async ({ account, did, caller, input, server: { dispatch } }) => {
    const subject = subjectFromParams(input)
    // Throws 400 if there is no such record or blob.
    await readSubjectStatus(account, did, subject).catch((error: { error?: string }) => {
      throw error.error === 'NotFound' ? unknownSubject() : error
    })
    const { reasonType, reason, reportedBy } = input
    const { case: id } = await dispatch.directory.moderationCases.addReport({
      ...{ id: randomUUID(), subject: caseSubject(did, subject), reasonType },
      ...(reason !== undefined && { text: reason }),
      ...{ by: reportedBy ?? actorOf(caller), isLimited: false },
    })
    return { case: await mustGetCase(dispatch, id) }
  },
})

export const listCases = method(admin.listCases, {
  auth: 'moderator',
  run: async ({ params, server: { dispatch } }) => {
    const { cases, ...page } = await dispatch.directory.moderationCases.list(params)
    return { cases: cases.map(caseView), ...page }
  },
})

export const getCase = method(admin.getCase, {
  auth: 'moderator',
  run: async ({ params, server: { dispatch } }) => {
    const { entries, ...page } = await dispatch.directory.moderationCases.listEntries(params)
    return {
      case: await mustGetCase(dispatch, params.id),
      entries: entries.map(entryView),
      ...page,
    }
  },
})

export const updateCase = method(admin.updateCase, {
  auth: 'moderator',
  run: async ({ caller, input: { id, state, decision, note }, server: { dispatch } }) => {
    if (state === undefined && note === undefined) throw invalidRequest('Nothing to change')
    await dispatch.directory.moderationCases.update({
      ...{ entryId: randomUUID(), id, by: actorOf(caller) },
      ...(state !== undefined && { state }),
      ...(decision !== undefined && { decision }),
      ...(note !== undefined && { text: note }),
    })
    return { case: await mustGetCase(dispatch, id) }
  },
})

async function mustGetCase({ directory }: ServerContext['dispatch'], id: number) {
  const found = await directory.moderationCases.get({ id })
  if (found === null) throw invalidRequest('Case not found', 'CaseNotFound')
  return caseView(found)
}

function actorOf(caller: Callers['moderator']): string {
  return 'admin' in caller ? ADMIN_PASSWORD : caller.moderationService
}
