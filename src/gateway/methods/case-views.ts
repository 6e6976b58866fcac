/** Moderation cases, as the methods of the operator and of tenants show them. */
import type { CaseView } from '#src/directory/moderation-cases.ts'
import type { CaseEntry } from '#src/directory/moderation-entries.ts'

export function caseView({ handle, tenant, decision, ...view }: CaseView) {
  return {
    ...view,
    ...(handle !== null && { handle }),
    ...(tenant !== null && { tenant }),
    ...(decision !== null && { decision }),
  }
}

export function entryView({ by, what, text, cid, ...entry }: CaseEntry) {
  const whats: Readonly<Record<string, string>> = { report: 'reasonType', closed: 'decision' }
  return {
    ...entry,
    ...(by !== null && { by }),
    ...(what !== null && { [whats[entry.kind] ?? 'action']: what }),
    ...(text !== null && { text }),
    ...(cid !== null && { cid }),
  }
}
