/** The page of a moderation case: its subject, what can be done about it, and its history. */
import { html, raw } from 'hono/html'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import type { Names } from '#src/gateway/pages/area/names.ts'
import { badge, card, facts } from '#src/gateway/pages/blocks.ts'
import {
  blurredImage,
  decisionOptions,
  historyTable,
  reasonsOf,
  type ShownEntry,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { englishCaseText } from '#src/gateway/pages/cases/messages.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { accountPath, statusBadge } from '#src/gateway/pages/operator/accounts.ts'
import { imagePath } from '#src/gateway/pages/operator/case-image.ts'
import type { SubjectState } from '#src/gateway/pages/operator/case-subject.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
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
  const { found, subject, entries, names, after } = details
  return html`${subjectCard(details)}
${subject === undefined ? '' : actionsCard(context, found, subject)}
${workCard(context, found)}
<section aria-label="History"><div class="head"><h2>History</h2>${kindLinks(details)}</div>
${historyTable(context, englishCaseText, entries, (by) => (by.startsWith('did:') ? html`<a href="${accountPath(by)}">${names(by)}</a>` : by))}</section>
${after}`
}

function subjectCard({ found, subject, entries }: CaseDetails): Html {
  const { did, uri, blob, handle, tenant, reporters } = found
  const account =
    handle === null
      ? html`<span class="mono">${did}</span>, deleted`
      : html`<a href="${accountPath(did)}">${handle}</a> ${subject === undefined ? '' : statusBadge(subject.accountStatus)}`
  const rows: [string, Html | string][] = [['Account', account]]
  if (tenant !== null) {
    rows.push(['Tenant', html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`])
  }
  if (uri !== undefined) rows.push(['Record', html`<span class="mono">${uri}</span>`])
  if (blob !== undefined) rows.push(['File', html`<span class="mono">${blob}</span>`])
  rows.push(['Reported by', reporters === 1 ? '1 account' : `${reporters} accounts`])
  rows.push(['Reasons', reasonsOf(englishCaseText, found)])
  return card('Subject', html`${facts(rows)}${preview(found, subject, entries)}`)
}

function preview(
  { did, uri, blob }: CaseView,
  subject: SubjectState | undefined,
  entries: readonly ShownEntry[],
): Html | '' {
  if (subject === undefined) return ''
  const { record, images } = subject
  const texts = textsOf(record?.json)
  const reported = uri === undefined ? undefined : entries.find(({ cid }) => cid !== undefined)?.cid
  const hasChanged = reported !== undefined && record !== undefined && reported !== record.cid
  return html`${uri !== undefined && record === undefined ? html`<p class="muted">The record has been deleted.</p>` : ''}
${hasChanged ? html`<p>${badge('The record was changed after the report', 'warn')}</p>` : ''}
${texts === '' ? '' : html`<blockquote class="said">${texts}</blockquote>`}
${images.length === 0 ? '' : html`<div class="images">${images.map(({ cid }, i) => blurredImage(imagePath(did, cid), blob === undefined ? `image ${i + 1}` : 'the file'))}</div>`}
${record?.json === undefined ? '' : html`<details class="more"><summary>${uri === undefined ? 'Profile' : 'Record'} as JSON</summary><pre class="secret">${record.json.slice(0, MAX_JSON)}${record.json.length > MAX_JSON ? '…' : ''}</pre></details>`}`
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
  const { did, uri, blob } = found
  const { record, images, takedownRef, isSuspended } = subject
  const targets: Target[] = [
    ...(uri === undefined || record === undefined
      ? []
      : [{ label: 'the record', key: uri, takedownRef: record.takedownRef }]),
    ...images.map((image, i) => ({
      label: blob === undefined ? `image ${i + 1}` : 'the file',
      key: `${did}/${image.cid}`,
      takedownRef: image.takedownRef,
    })),
    { label: 'the account', key: did, takedownRef },
  ]
  const down = targets.filter((target) => target.takedownRef !== null)
  const up = targets.filter((target) => target.takedownRef === null)
  const suspension = isSuspended ? 'lift-suspension' : 'suspend'
  const label = isSuspended ? 'Lift the suspension of the account' : 'Suspend the account'
  return card(
    'Actions',
    html`${down.map(
      ({ label, key, takedownRef: ref }) =>
        html`<div class="note bad"><p>Taken down: ${label} (${ref})</p>${actionForm(context, { action: `${casePath(found)}/lift-takedown`, label: 'Lift the takedown', about: label, fields: { target: key } })}</div>`,
    )}
${up.length === 0 ? '' : takedownForm(context, found, up)}
<div class="actions">${actionForm(context, { action: `${casePath(found)}/${suspension}`, label })}</div>`,
    { help: 'All of these can be undone here. The audit log shows the number of the case.' },
  )
}

function takedownForm(context: RenderContext, found: CaseView, targets: readonly Target[]): Html {
  return html`<form method="post" action="${casePath(found)}/takedown">${hiddenFields(context)}
${field({ name: 'target', label: 'Take down', options: targets.map(({ label, key }) => ({ value: key, label })) })}
${field({ name: 'reason', label: 'Reason or reference', maxLength: 250 })}
<button class="bad">Take down</button></form>`
}

/** One form, whose buttons say what becomes of the case. */
function workCard(context: RenderContext, found: CaseView): Html {
  const path = casePath(found)
  const { state } = found
  const button = (name: string, label: string) =>
    html`<button class="quiet" formaction="${path}/${name}">${label}</button>`
  return card(
    'Work on the case',
    html`<form method="post" action="${path}/note">${hiddenFields(context)}
${field({ name: 'text', label: 'Note', type: 'area', maxLength: MAX_TEXT, help: 'For operators. Tenants do not see it.' })}
<div class="actions"><button>Add the note</button>${state === 'open' ? button('escalate', 'Escalate') : ''}${state === 'closed' ? button('reopen', 'Open again') : ''}</div>
${state === 'closed' ? '' : html`${field({ name: 'decision', label: 'Decision', options: decisionOptions(englishCaseText) })}<div class="actions">${button('close', 'Close the case')}</div>`}</form>`,
  )
}

function kindLinks({ found, kind }: CaseDetails): Html {
  const link = (value: CaseDetails['kind'], label: string) => {
    const query = value === undefined ? '' : `?kind=${value}`
    const current = value === kind ? raw(' aria-current="page"') : ''
    return html`<a href="${casePath(found)}${query}"${current}>${label}</a>`
  }
  return html`<nav class="kinds" aria-label="Entries">${link(undefined, 'All')} ${link('report', 'Reports')} ${link('note', 'Notes')}</nav>`
}
