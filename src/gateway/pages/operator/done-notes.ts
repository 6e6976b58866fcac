/** What a page of the console says after a form: the URL names the note, so that it can say nothing else. */
import type { Note } from '#src/gateway/pages/shell.ts'

const texts = {
  saved: 'Saved.',
  created: 'Created.',
  deleted: 'Deleted.',
  takendown: 'The account is taken down. Lifting the takedown brings it back as it was.',
  restored: 'The takedown is lifted.',
  suspended: 'The account is suspended. Lifting the suspension brings it back as it was.',
  unsuspended: 'The suspension is lifted.',
  deactivated: 'The account is deactivated.',
  activated: 'The account is active.',
  announced: 'The account has announced itself to relays.',
  'reset-sent': 'The mail with the code is on its way.',
  'factors-removed': 'The second factors are removed.',
  'tenant-suspended': 'The tenant is suspended; its accounts follow in the background.',
  'tenant-restored': 'The tenant is active; its accounts follow in the background.',
  crawl: 'A relay has accepted the request to crawl.',
  sent: 'Sent.',
  again: 'It is sent again.',
  disabled: 'Disabled.',
  enabled: 'Enabled.',
} as const

export type DoneKey = keyof typeof texts

export function doneNote(key: string | undefined): Note | undefined {
  if (key === undefined || !Object.hasOwn(texts, key)) return undefined
  return { text: texts[key as DoneKey] }
}
