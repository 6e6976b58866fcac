/** The page of a moderation case: its subject, what can be done about it, and its history. */
import { html, raw } from 'hono/html'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import type { Names } from '#src/gateway/pages/area/names.ts'
import { badge, card, facts, withElement } from '#src/gateway/pages/blocks.ts'
import {
  blurredImage,
  decisionOptions,
  historyTable,
  reasonsOf,
  type ShownEntry,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { caseText } from '#src/gateway/pages/cases/texts.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { accountPath, statusBadge } from '#src/gateway/pages/operator/accounts.ts'
import { imagePath } from '#src/gateway/pages/operator/case-image.ts'
import type { SubjectState } from '#src/gateway/pages/operator/case-subject.ts'
import { actorName } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { type OperatorText, operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

export interface CaseDetails {
  found: CaseView
  /** Undefined if the account has been deleted. */
  subject: SubjectState | undefined
  kind: 'report' | 'note' | undefined
  entries: readonly ShownEntry[]
  names: Names
  after: Html | ''
}

const MAX_JSON = 3_000
const MAX_TEXT = 2_000

const casePath = ({ id }: CaseView) => `${consolePath}/moderation/cases/${id}`

export function caseView(context: RenderContext, details: CaseDetails): Html {
  const { text } = operatorTexts(context)
  const { found, subject, entries, names, after } = details
  return html`${subjectCard(context, details)}
${subject === undefined ? '' : actionsCard(context, found, subject)}
${workCard(context, found)}
<section aria-label="${text('history')}"><div class="head"><h2>${text('history')}</h2>${kindLinks(text, details)}</div>
${historyTable(context, caseText(context), entries, (by) => (by.startsWith('did:') ? html`<a href="${accountPath(by)}">${names(by)}</a>` : actorName(text, by)))}</section>
${after}`
}

function subjectCard(context: RenderContext, { found, subject, entries }: CaseDetails): Html {
  const { text } = operatorTexts(context)
  const { did, uri, blob, handle, tenant, reporters } = found
  const account =
    handle === null
      ? withElement(text('accountDeleted', { did: '\n' }), html`<span class="mono">${did}</span>`)
      : html`<a href="${accountPath(did)}">${handle}</a> ${subject === undefined ? '' : statusBadge(context, subject.accountStatus)}`
  const rows: [string, Html | string][] = [[text('account'), account]]
  if (tenant !== null) {
    rows.push([text('tenant'), html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`])
  }
  if (uri !== undefined) rows.push([text('record'), html`<span class="mono">${uri}</span>`])
  if (blob !== undefined) rows.push([text('file'), html`<span class="mono">${blob}</span>`])
  rows.push([caseText(context)('reporters'), String(reporters)])
  rows.push([text('reasons'), reasonsOf(caseText(context), found)])
  return card(text('subject'), html`${facts(rows)}${preview(text, found, subject, entries)}`)
}

function preview(
  text: OperatorText,
  { did, uri, blob }: CaseView,
  subject: SubjectState | undefined,
  entries: readonly ShownEntry[],
): Html | '' {
  if (subject === undefined) return ''
  const { record, images } = subject
  const texts = textsOf(record?.json)
  const reported = uri === undefined ? undefined : entries.find(({ cid }) => cid !== undefined)?.cid
  const hasChanged = reported !== undefined && record !== undefined && reported !== record.cid
  return html`${uri !== undefined && record === undefined ? html`<p class="muted">${text('recordDeleted')}</p>` : ''}
${hasChanged ? html`<p>${badge(text('recordChanged'), 'warn')}</p>` : ''}
${texts === '' ? '' : html`<blockquote class="said">${texts}</blockquote>`}
${images.length === 0 ? '' : html`<div class="images">${images.map(({ cid }, i) => imageOf(text, imagePath(did, cid), blob === undefined ? text('imageN', { n: i + 1 }) : text('theFile')))}</div>`}
${record?.json === undefined ? '' : html`<details class="more"><summary>${text(uri === undefined ? 'profileJson' : 'recordJson')}</summary><pre class="secret">${record.json.slice(0, MAX_JSON)}${record.json.length > MAX_JSON ? '…' : ''}</pre></details>`}`
}

function imageOf(text: OperatorText, src: string, what: string): Html {
  return blurredImage(src, what, text('showImage', { what }))
}

/** The text of a post or a profile. */
function textsOf(json: string | undefined): string {
  if (json === undefined) return ''
  const record = JSON.parse(json) as Record<string, unknown>
  const texts = ['displayName', 'name', 'text', 'description'].map((name) => record[name])
  const given = texts.filter((text) => typeof text === 'string' && text !== '')
  return given.join('\n').slice(0, MAX_TEXT)
}

interface Target {
  /** As in a sentence, such as `the account`. */
  label: string
  key: string
  takedownRef: string | null
}

function actionsCard(context: RenderContext, found: CaseView, subject: SubjectState): Html {
  const { text } = operatorTexts(context)
  const { did, uri, blob } = found
  const { record, images, takedownRef, isSuspended } = subject
  const targets: Target[] = [
    ...(uri === undefined || record === undefined
      ? []
      : [{ label: text('theRecord'), key: uri, takedownRef: record.takedownRef }]),
    ...images.map((image, i) => ({
      label: blob === undefined ? text('imageN', { n: i + 1 }) : text('theFile'),
      key: `${did}/${image.cid}`,
      takedownRef: image.takedownRef,
    })),
    { label: text('theAccount'), key: did, takedownRef },
  ]
  const down = targets.filter((target) => target.takedownRef !== null)
  const up = targets.filter((target) => target.takedownRef === null)
  const suspension = isSuspended ? 'lift-suspension' : 'suspend'
  const label = isSuspended ? text('liftAccountSuspension') : text('suspendAccount')
  return card(
    text('actions'),
    html`${down.map(
      ({ label, key, takedownRef: ref }) =>
        html`<div class="note bad"><p>${text('isTakenDown', { what: label, ref: ref ?? '' })}</p>${actionForm(context, { action: `${casePath(found)}/lift-takedown`, label: text('liftTakedown'), about: label, fields: { target: key } })}</div>`,
    )}
${up.length === 0 ? '' : takedownForm(context, found, up)}
<div class="actions">${actionForm(context, { action: `${casePath(found)}/${suspension}`, label })}</div>`,
    { help: text('caseActionsHelp') },
  )
}

function takedownForm(context: RenderContext, found: CaseView, targets: readonly Target[]): Html {
  const { text } = operatorTexts(context)
  return html`<form method="post" action="${casePath(found)}/takedown">${hiddenFields(context)}
${field({ name: 'target', label: text('takeDown'), options: targets.map(({ label, key }) => ({ value: key, label })) })}
${field({ name: 'reason', label: text('reasonOrReference'), maxLength: 250 })}
<button class="bad">${text('takeDown')}</button></form>`
}

/** One form, whose buttons say what becomes of the case. */
function workCard(context: RenderContext, found: CaseView): Html {
  const { text } = operatorTexts(context)
  const path = casePath(found)
  const { state } = found
  const button = (name: string, label: string) =>
    html`<button class="quiet" formaction="${path}/${name}">${label}</button>`
  return card(
    text('work'),
    html`<form method="post" action="${path}/note">${hiddenFields(context)}
${field({ name: 'text', label: text('note'), type: 'area', maxLength: MAX_TEXT, help: text('noteHelp') })}
<div class="actions"><button>${text('addNote')}</button>${state === 'open' ? button('escalate', text('escalate')) : ''}${state === 'closed' ? button('reopen', text('reopen')) : ''}</div>
${state === 'closed' ? '' : html`${field({ name: 'decision', label: text('decision'), options: decisionOptions(caseText(context)) })}<div class="actions">${button('close', text('closeCase'))}</div>`}</form>`,
  )
}

function kindLinks(text: OperatorText, { found, kind }: CaseDetails): Html {
  const link = (value: CaseDetails['kind'], label: string) => {
    const query = value === undefined ? '' : `?kind=${value}`
    const current = value === kind ? raw(' aria-current="page"') : ''
    return html`<a href="${casePath(found)}${query}"${current}>${label}</a>`
  }
  return html`<nav class="kinds" aria-label="${text('entries')}">${link(undefined, text('all'))} ${link('report', text('reports'))} ${link('note', text('notes'))}</nav>`
}
