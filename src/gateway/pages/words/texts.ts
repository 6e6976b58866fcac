/** Words for states and for the actions of audit logs, which all areas show. */
import { textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/words/locales/de.ts'
import { en } from '#src/gateway/pages/words/locales/en.ts'
import { es } from '#src/gateway/pages/words/locales/es.ts'
import { fr } from '#src/gateway/pages/words/locales/fr.ts'
import { ja } from '#src/gateway/pages/words/locales/ja.ts'
import { ko } from '#src/gateway/pages/words/locales/ko.ts'
import { pt } from '#src/gateway/pages/words/locales/pt.ts'
import { ro } from '#src/gateway/pages/words/locales/ro.ts'
import { sv } from '#src/gateway/pages/words/locales/sv.ts'

export type WordKey = keyof typeof en

export const wordTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
