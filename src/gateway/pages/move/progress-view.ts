/** How far a move is: its steps, with what was copied. */
import { html } from 'hono/html'
import type { BadgeKind } from '#src/gateway/pages/blocks.ts'
import { badge, progress } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import type { MoveKey, MoveMessages } from '#src/gateway/pages/move/texts.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { type Migration, type MigrationStep, migrationSteps } from '#src/rules/migrations.ts'

/** Which steps the owner sees as one. */
const shown: readonly (readonly [MoveKey, ...MigrationStep[]])[] = [
  ['stepRepo', 'repo'],
  ['stepBlobs', 'blobs'],
  ['stepPreferences', 'preferences'],
  ['stepIdentity', 'code', 'identity'],
  ['stepActivate', 'activate'],
  ['stepDeactivate', 'deactivate'],
]

export function progressView(texts: MoveMessages, move: Migration): Html {
  return html`<ul>${shown.map(([label, ...steps]) => {
    const [state, kind] = stateOf(move, steps)
    const mark = state === undefined ? '' : badge(texts.text(state), kind)
    return html`<li class="row"><div><b>${texts.text(label)}</b>${detail(texts, move, steps[0]!)}</div>${mark}</li>`
  })}</ul>`
}

function stateOf(move: Migration, steps: MigrationStep[]): [MoveKey | undefined, BadgeKind] {
  const at = migrationSteps.indexOf(move.step)
  if (steps.every((step) => migrationSteps.indexOf(step) < at)) {
    const isSkipped = steps[0] === 'preferences' && move.progress.preferences === false
    return isSkipped ? ['skipped', 'quiet'] : ['done', 'good']
  }
  if (!steps.includes(move.step)) return [undefined, 'quiet']
  if (move.isRunning) return ['now', 'quiet']
  return move.error === null && move.step === 'code' ? ['yourTurn', 'warn'] : ['stopped', 'warn']
}

function detail(
  texts: MoveMessages,
  { progress: done, step }: Migration,
  of: MigrationStep,
): Html | '' {
  if (of === 'repo' && done.repoBytes !== undefined) {
    const size = byteText(texts.language, done.repoBytes)
    return html`<small>${done.records === undefined ? size : `${countText(texts, done.records, done.recordsTotal)} · ${size}`}</small>`
  }
  if (of === 'blobs' && done.blobsTotal !== undefined) {
    const { blobs = 0, blobsTotal, blobBytes } = done
    const size = blobBytes === undefined ? '' : ` · ${byteText(texts.language, blobBytes)}`
    const bar = step === 'blobs' ? progress(blobs, blobsTotal, texts.text('stepBlobs')) : ''
    return html`<small>${countText(texts, blobs, blobsTotal)}${size}</small>${bar}`
  }
  if (of === 'preferences' && done.preferences === false) {
    return html`<small>${texts.text('noPreferences')}</small>`
  }
  return ''
}

function countText(texts: MoveMessages, n: number, total = n): string {
  const format = new Intl.NumberFormat(texts.language)
  return texts.text('nOf', { n: format.format(n), total: format.format(total) })
}
