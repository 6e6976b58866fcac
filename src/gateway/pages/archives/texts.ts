/** The texts of the page on archives of an account in each language. */
import { de } from '#src/gateway/pages/archives/locales/de.ts'
import { en } from '#src/gateway/pages/archives/locales/en.ts'
import { es } from '#src/gateway/pages/archives/locales/es.ts'
import { fr } from '#src/gateway/pages/archives/locales/fr.ts'
import { ja } from '#src/gateway/pages/archives/locales/ja.ts'
import { ko } from '#src/gateway/pages/archives/locales/ko.ts'
import { pt } from '#src/gateway/pages/archives/locales/pt.ts'
import { ro } from '#src/gateway/pages/archives/locales/ro.ts'
import { sv } from '#src/gateway/pages/archives/locales/sv.ts'
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'

export type ArchiveTextFunction = Messages<keyof typeof en>['text']

export const archiveCatalogue = { en, de, es, fr, ja, ko, pt, ro, sv }

export const archiveTexts = textsIn(archiveCatalogue)
