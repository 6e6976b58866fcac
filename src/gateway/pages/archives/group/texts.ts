/** The texts of the page on archives of a group in each language. */
import { de } from '#src/gateway/pages/archives/group/locales/de.ts'
import { en } from '#src/gateway/pages/archives/group/locales/en.ts'
import { es } from '#src/gateway/pages/archives/group/locales/es.ts'
import { fr } from '#src/gateway/pages/archives/group/locales/fr.ts'
import { ja } from '#src/gateway/pages/archives/group/locales/ja.ts'
import { ko } from '#src/gateway/pages/archives/group/locales/ko.ts'
import { pt } from '#src/gateway/pages/archives/group/locales/pt.ts'
import { ro } from '#src/gateway/pages/archives/group/locales/ro.ts'
import { sv } from '#src/gateway/pages/archives/group/locales/sv.ts'
import { archiveCatalogue } from '#src/gateway/pages/archives/texts.ts'
import { textsIn } from '#src/gateway/pages/messages.ts'

export const groupArchiveTexts = textsIn({
  en: { ...archiveCatalogue.en, ...en },
  de: { ...archiveCatalogue.de, ...de },
  es: { ...archiveCatalogue.es, ...es },
  fr: { ...archiveCatalogue.fr, ...fr },
  ja: { ...archiveCatalogue.ja, ...ja },
  ko: { ...archiveCatalogue.ko, ...ko },
  pt: { ...archiveCatalogue.pt, ...pt },
  ro: { ...archiveCatalogue.ro, ...ro },
  sv: { ...archiveCatalogue.sv, ...sv },
})
