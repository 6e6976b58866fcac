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
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'

export type AccountKey = keyof typeof en
export type AccountMessages = Messages<AccountKey>

export const accountTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
