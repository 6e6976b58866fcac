/** The texts of the console's pages about archives. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/operator/archives/locales/de.ts'
import { en } from '#src/gateway/pages/operator/archives/locales/en.ts'
import { es } from '#src/gateway/pages/operator/archives/locales/es.ts'
import { fr } from '#src/gateway/pages/operator/archives/locales/fr.ts'
import { ja } from '#src/gateway/pages/operator/archives/locales/ja.ts'
import { ko } from '#src/gateway/pages/operator/archives/locales/ko.ts'
import { pt } from '#src/gateway/pages/operator/archives/locales/pt.ts'
import { ro } from '#src/gateway/pages/operator/archives/locales/ro.ts'
import { sv } from '#src/gateway/pages/operator/archives/locales/sv.ts'

export type ArchivesText = Messages<keyof typeof en>['text']

export const archivesTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
