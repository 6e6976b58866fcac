/** The texts of the pages of histories. */
import { de } from '#src/gateway/pages/history/locales/de.ts'
import { en } from '#src/gateway/pages/history/locales/en.ts'
import { es } from '#src/gateway/pages/history/locales/es.ts'
import { fr } from '#src/gateway/pages/history/locales/fr.ts'
import { ja } from '#src/gateway/pages/history/locales/ja.ts'
import { ko } from '#src/gateway/pages/history/locales/ko.ts'
import { pt } from '#src/gateway/pages/history/locales/pt.ts'
import { ro } from '#src/gateway/pages/history/locales/ro.ts'
import { sv } from '#src/gateway/pages/history/locales/sv.ts'
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'

export type HistoryMessageKey = keyof typeof en
export type HistoryMessages = Messages<HistoryMessageKey>

/** In the language of the page. */
export const historyTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
