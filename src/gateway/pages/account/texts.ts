/** The texts of the account area in each language. */
import { de } from '#src/gateway/pages/account/locales/de.ts'
import { en } from '#src/gateway/pages/account/locales/en.ts'
import { es } from '#src/gateway/pages/account/locales/es.ts'
import { fr } from '#src/gateway/pages/account/locales/fr.ts'
import { ja } from '#src/gateway/pages/account/locales/ja.ts'
import { ko } from '#src/gateway/pages/account/locales/ko.ts'
import { pt } from '#src/gateway/pages/account/locales/pt.ts'
import { ro } from '#src/gateway/pages/account/locales/ro.ts'
import { sv } from '#src/gateway/pages/account/locales/sv.ts'
import { type Messages, messagesFor } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

export type AccountKey = keyof typeof en
export type AccountMessages = Messages<AccountKey>

const catalogue = { en, de, es, fr, ja, ko, pt, ro, sv }

export function accountTexts({ messages }: Pick<RenderContext, 'messages'>): AccountMessages {
  return messagesFor(messages.language, catalogue)
}
