/** The texts of the console's pages about archives. */
import { type Messages, messagesFor } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/operator/archives/locales/de.ts'
import { en } from '#src/gateway/pages/operator/archives/locales/en.ts'
import { es } from '#src/gateway/pages/operator/archives/locales/es.ts'
import { fr } from '#src/gateway/pages/operator/archives/locales/fr.ts'
import { ja } from '#src/gateway/pages/operator/archives/locales/ja.ts'
import { ko } from '#src/gateway/pages/operator/archives/locales/ko.ts'
import { pt } from '#src/gateway/pages/operator/archives/locales/pt.ts'
import { ro } from '#src/gateway/pages/operator/archives/locales/ro.ts'
import { sv } from '#src/gateway/pages/operator/archives/locales/sv.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

export type ArchivesKey = keyof typeof en
export type ArchivesText = Messages<ArchivesKey>['text']

const catalogue = { en, de, es, fr, ja, ko, pt, ro, sv }

export function archivesText({ messages }: Pick<RenderContext, 'messages'>): ArchivesText {
  return messagesFor(messages.language, catalogue).text
}
