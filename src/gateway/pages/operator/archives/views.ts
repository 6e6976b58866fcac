/** The parts of the console's pages about archives. */
import { html } from 'hono/html'
import type { FoundArchive } from '#src/archive/list-archives.ts'
import type { ArchiveState, ArchiveSummary } from '#src/directory/archives.ts'
import { badge, card, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field } from '#src/gateway/pages/form-blocks.ts'
import type { ArchiveJob } from '#src/gateway/pages/operator/archives/jobs.ts'
import { type ArchivesText, archivesTexts } from '#src/gateway/pages/operator/archives/texts.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html, Note, RenderContext } from '#src/gateway/pages/shell.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export function roundFacts(
  session: RenderContext,
  { round, failed, drillsFailed }: ArchiveSummary,
  intervalMs: number,
): Html {
  const { text } = archivesTexts(session)
  const time = (at: number) => timeOf(session, isoTime(at))
  const count = (n: number) => (n === 0 ? '0' : badge(String(n), 'bad'))
  const isRunning = round !== null && round.endedAt === null
  const next = round === null ? text('never') : time(round.startedAt + intervalMs)
  return html`<section>${facts([
    [text('lastRound'), round === null ? text('neverRound') : time(round.startedAt)],
    [
      text('nextRound'),
      intervalMs === 0 ? text('byCommand') : isRunning ? badge(text('underWay')) : next,
    ],
    [text('failingAccounts'), count(failed)],
    [text('failedDrills'), count(drillsFailed)],
    [text('lastDrill'), round?.drilledAt == null ? text('never') : time(round.drilledAt)],
  ])}</section>`
}

/** `path` is that of the page, for the link that loads it again. */
export function jobsCard(
  session: RenderContext,
  jobs: readonly ArchiveJob[],
  path: string,
): Html | '' {
  if (jobs.length === 0) return ''
  const { text } = archivesTexts(session)
  const rows = jobs.map((job) => [
    text(job.kind),
    html`<a class="mono" href="${accountPath(job.did)}">${job.did}</a>`,
    outcomeOf(text, job),
    timeOf(session, isoTime(job.startedAt)),
  ])
  const head = [text('what'), text('account'), text('state'), text('started')]
  const list = table({ label: text('work'), head, rows, empty: '' })
  const isRunning = jobs.some(({ outcome }) => outcome === undefined)
  const refresh = html`<p><a class="button quiet" href="${path}">${text('refresh')}</a></p>`
  return card(text('work'), html`${list}${isRunning ? refresh : ''}`, { help: text('workHelp') })
}

function outcomeOf(text: ArchivesText, { outcome, progress }: ArchiveJob): Html {
  if (outcome === undefined) return twoLines(badge(text('running')), progress)
  if ('error' in outcome) return twoLines(badge(text('failed'), 'bad'), outcome.error)
  const { records, blobs: files, next } = outcome
  return twoLines(badge(text('done'), 'good'), next ?? text('counts', { records, files }))
}

function accountPath(did: string): string {
  return `${consolePath}/archives/${encodeURIComponent(did)}`
}

export function accountsTable(
  session: RenderContext,
  input: {
    states: readonly ArchiveState[]
    handles: ReadonlyMap<string, string>
    onlyFailed: boolean
  },
): Html {
  const { text } = archivesTexts(session)
  const { states, handles, onlyFailed } = input
  const stateOf = (error: string | null) =>
    error === null ? badge(text('good'), 'good') : twoLines(badge(text('failing'), 'bad'), error)
  const rows = states.map(({ did, archivedAt, error, drilledAt, drillError }) => [
    twoLines(html`<a href="${accountPath(did)}">${handles.get(did) ?? text('gone')}</a>`, did),
    archivedAt === null ? text('none') : timeOf(session, isoTime(archivedAt)),
    stateOf(error),
    drilledAt === null ? text('never') : stateOf(drillError),
  ])
  const head = [text('account'), text('lastArchive'), text('state'), text('drilled')]
  const empty = text(onlyFailed ? 'noFailing' : 'noArchives')
  return table({ label: text('accounts'), head, rows, empty })
}

export function archivesTable(
  session: RenderContext,
  { found, path }: { found: readonly FoundArchive[]; path: string },
): Html {
  const { text } = archivesTexts(session)
  const button = (what: 'verify' | 'drill', archive: string) =>
    actionForm(session, {
      ...{ action: `${path}/${what}`, label: text(what), about: archive },
      fields: { archive },
    })
  const rows = found.map((one) => {
    const { archive } = one
    const name = html`<span class="mono">${archive}</span>`
    if ('problem' in one) return [name, text('damaged', { reason: one.problem }), '', '', '', '']
    const { createdAt, records, blobs, parts } = one.manifest
    const isPrivate = parts['private.sealed'] !== undefined
    return [
      ...[name, timeOf(session, createdAt), String(records), String(blobs)],
      text(isPrivate ? 'yes' : 'no'),
      html`<div class="actions">${button('verify', archive)}${button('drill', archive)}</div>`,
    ]
  })
  const head = ['archive', 'made', 'records', 'files', 'private'] as const
  const list = table({
    label: text('archives'),
    head: [...head.map((key) => text(key)), ''],
    rows,
    empty: text('none'),
  })
  return html`<section><h2>${text('archives')}</h2>${list}</section>`
}

/** The operator types the handle, or the DID of an account that is gone. */
export function restoreCard(
  session: RenderContext,
  input: {
    found: readonly FoundArchive[]
    path: string
    typed: string
    isGone: boolean
    note: Note | undefined
  },
): Html {
  const { text } = archivesTexts(session)
  const { found, path, typed, isGone, note } = input
  const options = found
    .filter((one) => 'manifest' in one)
    .map(({ archive, manifest }) => {
      const made = session.messages.formatDate(manifest.createdAt)
      return { value: archive, label: `${made} · ${archive}` }
    })
  const which = field({ name: 'archive', label: text('whichArchive'), options })
  const handle = { name: 'handle', label: text('handle'), help: text('handleHelp'), maxLength: 253 }
  const more = isGone
    ? html`${field(handle)}${field({ name: 'publish', label: text('publish'), type: 'check' })}`
    : field({ name: 'withCredentials', label: text('withCredentials'), type: 'check' })
  const form = confirmForm(session, {
    ...{ action: `${path}/restore`, typed, label: text('restore'), note },
    before: html`${which}${more}`,
  })
  const help = text(isGone ? 'restoreGoneHelp' : 'restoreHelp')
  return card(text('restore'), form, { help, danger: true })
}
