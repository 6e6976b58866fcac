/** The texts of "My data" in each language. */
import { de } from '#src/gateway/pages/account/data/locales/de.ts'
import { en } from '#src/gateway/pages/account/data/locales/en.ts'
import { es } from '#src/gateway/pages/account/data/locales/es.ts'
import { fr } from '#src/gateway/pages/account/data/locales/fr.ts'
import { ja } from '#src/gateway/pages/account/data/locales/ja.ts'
import { ko } from '#src/gateway/pages/account/data/locales/ko.ts'
import { pt } from '#src/gateway/pages/account/data/locales/pt.ts'
import { ro } from '#src/gateway/pages/account/data/locales/ro.ts'
import { sv } from '#src/gateway/pages/account/data/locales/sv.ts'
import { textsIn } from '#src/gateway/pages/messages.ts'

export type DataKey = keyof typeof en

export const dataTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
