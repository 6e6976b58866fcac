/** The texts of the pages of groups. */
import { de } from '#src/gateway/pages/group/locales/de.ts'
import { en } from '#src/gateway/pages/group/locales/en.ts'
import { es } from '#src/gateway/pages/group/locales/es.ts'
import { fr } from '#src/gateway/pages/group/locales/fr.ts'
import { ja } from '#src/gateway/pages/group/locales/ja.ts'
import { ko } from '#src/gateway/pages/group/locales/ko.ts'
import { pt } from '#src/gateway/pages/group/locales/pt.ts'
import { ro } from '#src/gateway/pages/group/locales/ro.ts'
import { sv } from '#src/gateway/pages/group/locales/sv.ts'
import { type Messages, messagesFor } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

export type GroupMessageKey = keyof typeof en
export type GroupMessages = Messages<GroupMessageKey>

const catalogue = { en, de, es, fr, ja, ko, pt, ro, sv }

/** In the language of the page. */
export function groupMessages({ messages }: RenderContext): GroupMessages {
  return messagesFor(messages.language, catalogue)
}
