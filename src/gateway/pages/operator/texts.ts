/** The texts of the operator’s console. Those of the pages about the server are in server/texts.ts. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/operator/locales/de.ts'
import { en } from '#src/gateway/pages/operator/locales/en.ts'
import { es } from '#src/gateway/pages/operator/locales/es.ts'
import { fr } from '#src/gateway/pages/operator/locales/fr.ts'
import { ja } from '#src/gateway/pages/operator/locales/ja.ts'
import { ko } from '#src/gateway/pages/operator/locales/ko.ts'
import { pt } from '#src/gateway/pages/operator/locales/pt.ts'
import { ro } from '#src/gateway/pages/operator/locales/ro.ts'
import { sv } from '#src/gateway/pages/operator/locales/sv.ts'

export type OperatorKey = keyof typeof en
export type OperatorText = Messages<OperatorKey>['text']

/** In the language of the page. */
export const operatorTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
