/** The notes shown after a form. The URL has a key and not the text, so that a link cannot show any other text. */

import type { OperatorText } from '#src/gateway/pages/operator/texts.ts'
import type { Note } from '#src/gateway/pages/shell.ts'

const known = [
  'saved',
  'created',
  'deleted',
  'takendown',
  'subject-takendown',
  'restored',
  'suspended',
  'unsuspended',
  'deactivated',
  'activated',
  'announced',
  'reset-sent',
  'factors-removed',
  'tenant-suspended',
  'tenant-restored',
  'crawl',
  'sent',
  'again',
  'disabled',
  'enabled',
] as const

export type DoneKey = (typeof known)[number]

export function doneNote(text: OperatorText, key: string | undefined): Note | undefined {
  const found = known.find((one) => one === key)
  return found && { text: text(`done.${found}`) }
}
