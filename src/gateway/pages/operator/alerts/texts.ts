/** The texts of alerts and checks. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/operator/alerts/locales/de.ts'
import { en } from '#src/gateway/pages/operator/alerts/locales/en.ts'
import { es } from '#src/gateway/pages/operator/alerts/locales/es.ts'
import { fr } from '#src/gateway/pages/operator/alerts/locales/fr.ts'
import { ja } from '#src/gateway/pages/operator/alerts/locales/ja.ts'
import { ko } from '#src/gateway/pages/operator/alerts/locales/ko.ts'
import { pt } from '#src/gateway/pages/operator/alerts/locales/pt.ts'
import { ro } from '#src/gateway/pages/operator/alerts/locales/ro.ts'
import { sv } from '#src/gateway/pages/operator/alerts/locales/sv.ts'

export type AlertText = Messages<keyof typeof en>['text']

export const alertTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
