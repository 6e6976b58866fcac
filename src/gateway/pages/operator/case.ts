/** The routes of a moderation case: its page, notes, changes of its state, and actions on its subject. */
import { randomUUID } from 'node:crypto'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import type { CaseChange } from '#src/directory/moderation-entries.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { entryView } from '#src/gateway/methods/case-views.ts'
import * as admin from '#src/gateway/methods/com.atproto.admin.ts'
import { suspendAccount } from '#src/gateway/operator/suspend-account.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { caseBadge } from '#src/gateway/pages/cases/case-blocks.ts'
import { caseText } from '#src/gateway/pages/cases/texts.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { pager } from '#src/gateway/pages/form-blocks.ts'
import { readSubjectState } from '#src/gateway/pages/operator/case-subject.ts'
import { caseView } from '#src/gateway/pages/operator/case-view.ts'
import { type ConsoleCall, required } from '#src/gateway/pages/operator/console-call.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import type { DoneKey } from '#src/gateway/pages/operator/done-notes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { statusSubject } from '#src/gateway/pages/operator/read-subject.ts'
import {
  type CaseDecision,
  type CaseSubject,
  caseDecisions,
  subjectKey,
  subjectOfKey,
} from '#src/rules/moderation-cases.ts'

const PAGE = 10

export function casePages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { moderationCases } = server.dispatch.directory

  async function caseOf({ c, text }: ConsoleCall): Promise<CaseView> {
    const id = Number(c.req.param('id'))
    const found = Number.isSafeInteger(id) ? await moderationCases.get({ id }) : null
    if (found === null) throw new XrpcError(404, 'NotFound', text('noSuchCase'))
    return found
  }

  const show: ShowPage = async (call, note, status = 200) => {
    const found = await caseOf(call)
    const { id } = found
    const { kind: asked, cursor } = call.c.req.query()
    const kind = asked === 'report' || asked === 'note' ? asked : undefined
    const [page, subject] = await Promise.all([
      moderationCases.listEntries({
        ...{ id, limit: PAGE },
        ...(kind !== undefined && { kind }),
        ...(cursor !== undefined && { cursor }),
      }),
      readSubjectState(server, found),
    ])
    const actors = page.entries.flatMap(({ by }) => by ?? [])
    const body = caseView(call.session, {
      ...{ found, subject, kind, entries: page.entries.map(entryView) },
      names: await namesOf(server, actors),
      after: pager(call.session, { after: nextPage(call.c.req.url, page.cursor) }),
    })
    const actions = caseBadge(caseText(call.session), found)
    return call.render({
      title: call.text('caseN', { n: String(id) }),
      actions,
      body,
      note,
      status,
    })
  }

  /** `act` returns the note to show afterwards. */
  function action(
    name: string,
    act: (call: ConsoleCall, found: CaseView, form: Form) => Promise<DoneKey>,
  ): void {
    post(
      `/moderation/cases/:id/${name}`,
      async (call, form) => {
        const found = await caseOf(call)
        return call.redirect(`/moderation/cases/${found.id}`, await act(call, found, form))
      },
      show,
    )
  }

  const change = async (
    call: ConsoleCall,
    { id }: CaseView,
    more: Omit<CaseChange, 'entryId' | 'id' | 'by'>,
  ) => {
    const entry = { entryId: randomUUID(), id, by: call.operator.actor }
    await moderationCases.update({ ...entry, ...more })
  }

  function stateAction(
    name: string,
    stateOf: (form: Form, call: ConsoleCall) => Pick<CaseChange, 'state' | 'decision'>,
  ) {
    action(name, async (call, found, form) => {
      const text = textOf(form)
      const state = stateOf(form, call)
      if (state.state === undefined) required(call, text, call.text('note'))
      await call.audit(`${name} case`, { target: found.did, case: found.id, ...state })
      await change(call, found, { ...state, ...(text !== undefined && { text }) })
      return 'saved'
    })
  }

  /** The audit log has the case in the reference of the takedown. */
  async function setTakedown(call: ConsoleCall, found: CaseView, form: Form, applied: boolean) {
    const target = targetOf(call, found, form)
    const subject = await statusSubject(call, server, target)
    const reason = form['reason']?.trim() ?? ''
    const ref = `case ${found.id}${reason === '' ? '' : `: ${reason}`}`
    await call.run(
      admin.updateSubjectStatus,
      { subject, takedown: { applied, ref } },
      subjectKey(target),
    )
    const text = reason === '' ? subjectKey(target) : `${subjectKey(target)}\n${reason}`
    await change(call, found, { action: applied ? 'takedown' : 'takedown lifted', text })
  }

  async function setSuspended(call: ConsoleCall, found: CaseView, suspended: boolean) {
    const { id, did } = found
    await call.audit(suspended ? 'suspend' : 'lift suspension', { target: did, case: id })
    await suspendAccount(server, did, suspended)
    await change(call, found, { action: suspended ? 'suspension' : 'suspension lifted' })
  }

  get('/moderation/cases/:id', show)
  stateAction('note', () => ({}))
  stateAction('escalate', () => ({ state: 'escalated' }))
  stateAction('reopen', () => ({ state: 'open' }))
  stateAction('close', ({ decision }, call) => ({
    ...{ state: 'closed', decision: decisionOf(call, decision) },
  }))
  action('takedown', async (call, found, form) => {
    await setTakedown(call, found, form, true)
    return 'subject-takendown'
  })
  action('lift-takedown', async (call, found, form) => {
    await setTakedown(call, found, form, false)
    return 'restored'
  })
  action('suspend', async (call, found) => {
    await setSuspended(call, found, true)
    return 'suspended'
  })
  action('lift-suspension', async (call, found) => {
    await setSuspended(call, found, false)
    return 'unsuspended'
  })
}

/** The subject of the case, its account, or a blob of that. Throws 400 for others. */
function targetOf(call: ConsoleCall, found: CaseView, { target = '' }: Form): CaseSubject {
  const named = subjectOfKey(target)
  const isOfAccount =
    named.did === found.did && (named.uri === undefined || named.uri === found.uri)
  if (!isOfAccount) throw invalidRequest(call.text('notOfCase'))
  return named
}

function decisionOf(call: ConsoleCall, text: string | undefined): CaseDecision {
  const known = caseDecisions.find((decision) => decision === text)
  if (known === undefined) throw invalidRequest(call.text('chooseDecision'))
  return known
}

function textOf({ text = '' }: Form): string | undefined {
  const given = text.replaceAll('\r\n', '\n').trim()
  return given === '' ? undefined : given
}
