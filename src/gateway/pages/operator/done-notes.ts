/** The notes shown after a form. The URL has a key and not the text, so that a link cannot show any other text. */
import type { Note } from '#src/gateway/pages/shell.ts'

const texts = {
  saved: 'Saved.',
  created: 'Created.',
  deleted: 'Deleted.',
  takendown: 'The account is taken down. Lifting the takedown brings it back as it was.',
  'subject-takendown': 'Taken down. Lifting the takedown brings it back as it was.',
  restored: 'The takedown is lifted.',
  suspended: 'The account is suspended. Lifting the suspension brings it back as it was.',
  unsuspended: 'The suspension is lifted.',
  deactivated: 'The account is deactivated.',
  activated: 'The account is active.',
  announced: 'The account was announced to relays.',
  'reset-sent': 'The password reset email was sent.',
  'factors-removed': 'The second factors were removed.',
  'tenant-suspended': 'The tenant is suspended; its accounts follow in the background.',
  'tenant-restored': 'The tenant is active; its accounts follow in the background.',
  crawl: 'A relay accepted the crawl request.',
  sent: 'Sent.',
  again: 'Queued to be sent again.',
  disabled: 'Disabled.',
  enabled: 'Enabled.',
} as const

export type DoneKey = keyof typeof texts

export function doneNote(key: string | undefined): Note | undefined {
  if (key === undefined || !Object.hasOwn(texts, key)) return undefined
  return { text: texts[key as DoneKey] }
}
