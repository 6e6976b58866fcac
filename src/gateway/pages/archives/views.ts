/** The cards of the section on archives. */
import { html } from 'hono/html'
import { bucketState, type OwnBucketView } from '#src/gateway/archives/open-own-archives.ts'
import type { ArchivesVisit } from '#src/gateway/pages/archives/archives-page.ts'
import { badge, card, facts, timeOf } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** The bucket that is set, and how the last archive went. */
export function stateView(visit: ArchivesVisit, found: OwnBucketView): Html {
  const { session, context, did, path, text } = visit
  const stored = context.server.archives.own.storedBytes(did)
  const { location, archivedAt, bytes, error, failedAt, nextAt } = found
  const state = stored === undefined ? bucketState(found) : 'running'
  const size = (amount: number) => byteText(session.messages.language, amount)
  const time = (at: number) => timeOf(session, isoTime(at))
  const rows: (readonly [string, Html | string])[] = [
    [text('where'), html`<span class="mono">${nameOf(location)}</span>`],
    [text('lastArchive'), archivedAt === null ? text('none') : time(archivedAt)],
    ...(bytes === null ? [] : [[text('size'), size(bytes)] as const]),
    ...(nextAt === null || state === 'running' ? [] : [[text('nextLook'), time(nextAt)] as const]),
    ...(failedAt === null ? [] : [[text('failingSince'), time(failedAt)] as const]),
    ...(error === null ? [] : [[text('lastError'), error] as const]),
  ]
  const kind = { waiting: 'good', running: 'quiet', failing: 'warn', paused: 'bad' } as const
  const label = text(state === 'waiting' ? 'on' : state)
  const copied = stored ? text('copied', { size: size(stored) }) : ''
  return card(
    text('yourBucket'),
    html`${state === 'paused' ? html`<p class="note bad">${text('pausedHelp')}</p>` : ''}
${facts(rows)}<p class="muted" role="status">${copied}</p>
<div class="actions">${
      state === 'running'
        ? ''
        : actionForm(session, {
            ...{ action: `${path}/create`, label: text('archiveNow'), kind: 'primary' },
          })
    }
${actionForm(session, { action: `${path}/stop`, label: text('stop') })}</div>
<p class="muted">${text('stopHelp')}</p>`,
    { badge: badge(label, kind[state]), help: text('bucketHelp') },
  )
}

function nameOf({ endpoint, bucket, prefix }: OwnBucketView['location']): string {
  return endpoint === undefined ? `s3://${bucket}/${prefix}` : `${endpoint}/${bucket}/${prefix}`
}

export function bucketForm(
  { session, path, text }: ArchivesVisit,
  input: { found: OwnBucketView | undefined; typed: Form | undefined; note: Note | undefined },
): Html {
  const { found, typed, note } = input
  const { endpoint, region, bucket, prefix, accessKeyId } = found?.location ?? {}
  const saved = { endpoint, region, bucket, prefix, keyId: accessKeyId }
  const value = (name: keyof typeof saved) => typed?.[name] ?? saved[name] ?? ''
  const isNew = found === undefined
  const secretHelp = `${isNew ? '' : `${text('keepSecret')} `}${text('secretHelp')}`
  const plain = { autocomplete: 'off' }
  const form = html`<form method="post" action="${path}/save">${hiddenFields(session)}
${field({ ...plain, name: 'endpoint', type: 'url', label: text('endpoint'), help: text('endpointHelp'), value: value('endpoint'), maxLength: 300 }, note)}
${field({ ...plain, name: 'region', label: text('region'), help: text('regionHelp'), value: value('region'), maxLength: 32 }, note)}
${field({ ...plain, name: 'bucket', label: text('bucket'), value: value('bucket'), required: true, maxLength: 63 }, note)}
${field({ ...plain, name: 'prefix', label: text('folder'), help: text('folderHelp'), value: value('prefix'), maxLength: 200 }, note)}
${field({ ...plain, name: 'keyId', label: text('keyId'), value: value('keyId'), required: true, maxLength: 256 }, note)}
${field({ name: 'secret', type: 'password', label: text('secret'), help: secretHelp, required: isNew, maxLength: 512, autocomplete: 'off' }, note)}
<button>${text('save')}</button></form>`
  if (isNew) return card(text('setUp'), form, { help: text('changeHelp') })
  const isOpen = typed !== undefined
  return html`<section aria-label="${text('change')}"><details${isOpen ? html` open` : ''}><summary>${text('change')}</summary>
<p class="muted">${text('changeHelp')}</p>${form}</details></section>`
}
