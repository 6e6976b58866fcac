/** A moderation case about an account of a tenant: its reports, notes, and what the tenant may do. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { card, facts } from '#src/gateway/pages/blocks.ts'
import {
  caseBadge,
  historyTable,
  reasonsOf,
  type ShownEntry,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { type CaseText, caseText, englishCaseText } from '#src/gateway/pages/cases/texts.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import { statusBadge } from '#src/gateway/pages/tenant/account-table.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE = 10
const MAX_TEXT = 2_000

/** Of the forms, in the history: stored in English for the operator, shown in the language of the page. */
const storedNotes = ['wasSuspended', 'wasRestored'] as const

/** Throws 400 for what is no number; the method checks that the case is the tenant's. */
function idOf(c: Context): number {
  const text = c.req.param('id') ?? ''
  if (!/^[1-9]\d{0,14}$/.test(text)) throw invalidRequest('Case not found', 'CaseNotFound')
  return Number(text)
}

export const casePage: AreaPage<TenantVisit> = {
  path: '/moderation/:id',
  title: ({ session }) => caseText(session)('case'),
  isInNav: false,
  async show(visit, c) {
    const { call, session, base, may, context } = visit
    const text = caseText(session)
    const { cursor } = c.req.query()
    const id = idOf(c)
    const page = await call(tenant.getCase, {
      params: { id, limit: PAGE, ...(cursor !== undefined && { cursor }) },
    })
    const found = page.case
    const { did, uri, blob } = found
    const account = await call(tenant.getAccount, { params: { did } })
    const names = await namesOf(
      context.server,
      page.entries.flatMap(({ by }) => by ?? []),
    )
    const path = `${base}/moderation/${id}`
    const name = html`<a href="${base}/accounts/${did}">${account.handle}</a>`
    const rows: [string, Html | string][] = [
      [text('account'), html`${name} ${statusBadge(visit.session, account.status)}`],
    ]
    if (uri !== undefined) rows.push([text('record'), html`<code>${uri}</code>`])
    if (blob !== undefined) rows.push([text('file'), html`<code>${blob}</code>`])
    rows.push([text('reporters'), String(found.reporters)])
    rows.push([text('reasons'), reasonsOf(text, found)])
    const next = page.cursor === undefined ? {} : { after: `${path}?cursor=${page.cursor}` }
    const body = html`${card(text('caseN', { n: String(id) }), facts(rows), { badge: caseBadge(text, found) })}
${may('accounts:write') ? html`${suspension(visit, path, account.status)}${work(visit, path, found.state)}` : ''}
${card(
  text('history'),
  historyTable(
    session,
    text,
    page.entries.map((entry) => inLanguage(text, entry)),
    (by) => (by === 'operator' ? text('operator') : names(by)),
  ),
)}${pager(session, next)}`
    return { body }
  },
  actions: {
    note: (visit, form, c) => update(visit, form, idOf(c)),
    escalate: (visit, form, c) => update(visit, form, idOf(c), 'escalated'),
    suspend: async ({ call }, _, c) => {
      const id = idOf(c)
      const { did } = (await call(tenant.getCase, { params: { id, limit: 1 } })).case
      await call(tenant.suspendAccount, { input: { did, reason: `case ${id}` } })
      await call(tenant.updateCase, { input: { id, note: englishCaseText('wasSuspended') } })
      return undefined
    },
    restore: async ({ call }, _, c) => {
      const id = idOf(c)
      const { did } = (await call(tenant.getCase, { params: { id, limit: 1 } })).case
      await call(tenant.restoreAccount, { input: { did, reason: `case ${id}` } })
      await call(tenant.updateCase, { input: { id, note: englishCaseText('wasRestored') } })
      return undefined
    },
  },
}

/** The texts of people stay as they are. */
function inLanguage(text: CaseText, entry: ShownEntry): ShownEntry {
  const key = storedNotes.find((one) => englishCaseText(one) === entry.text)
  return key === undefined ? entry : { ...entry, text: text(key) }
}

async function update({ call }: TenantVisit, { text = '' }: Form, id: number, state?: 'escalated') {
  const note = text.replaceAll('\r\n', '\n').trim()
  await call(tenant.updateCase, {
    input: { id, ...(state !== undefined && { state }), ...(note !== '' && { note }) },
  })
  return undefined
}

function suspension({ session }: TenantVisit, path: string, status: string): Html {
  const text = caseText(session)
  const isSuspended = status === 'suspended'
  const form = isSuspended
    ? actionForm(session, { action: `${path}/restore`, label: text('restore') })
    : actionForm(session, { action: `${path}/suspend`, label: text('suspend'), kind: 'bad' })
  return card(text('account'), form, { help: text('suspendHelp') })
}

function work({ session }: TenantVisit, path: string, state: string): Html {
  const text = caseText(session)
  const escalate =
    state === 'open'
      ? html`<button class="quiet" formaction="${path}/escalate">${text('escalate')}</button>`
      : ''
  return card(
    text('work'),
    html`<form method="post" action="${path}/note">${hiddenFields(session)}
${field({ name: 'text', label: text('note'), type: 'area', maxLength: MAX_TEXT, help: text('noteHelp') })}
<div class="actions"><button>${text('addNote')}</button>${escalate}</div></form>`,
  )
}
