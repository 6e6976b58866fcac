/** The texts of the section on archives in each language. */
import { de } from '#src/gateway/pages/account/archives/locales/de.ts'
import { en } from '#src/gateway/pages/account/archives/locales/en.ts'
import { es } from '#src/gateway/pages/account/archives/locales/es.ts'
import { fr } from '#src/gateway/pages/account/archives/locales/fr.ts'
import { ja } from '#src/gateway/pages/account/archives/locales/ja.ts'
import { ko } from '#src/gateway/pages/account/archives/locales/ko.ts'
import { pt } from '#src/gateway/pages/account/archives/locales/pt.ts'
import { ro } from '#src/gateway/pages/account/archives/locales/ro.ts'
import { sv } from '#src/gateway/pages/account/archives/locales/sv.ts'
import { textsIn } from '#src/gateway/pages/messages.ts'

export const archiveTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
