/** The texts of the page that moves a group: those of an account, except for what is said of the group. */
import { textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/move/group/locales/de.ts'
import { en } from '#src/gateway/pages/move/group/locales/en.ts'
import { es } from '#src/gateway/pages/move/group/locales/es.ts'
import { fr } from '#src/gateway/pages/move/group/locales/fr.ts'
import { ja } from '#src/gateway/pages/move/group/locales/ja.ts'
import { ko } from '#src/gateway/pages/move/group/locales/ko.ts'
import { pt } from '#src/gateway/pages/move/group/locales/pt.ts'
import { ro } from '#src/gateway/pages/move/group/locales/ro.ts'
import { sv } from '#src/gateway/pages/move/group/locales/sv.ts'
import { moveCatalogue } from '#src/gateway/pages/move/texts.ts'

export const groupMoveTexts = textsIn({
  en: { ...moveCatalogue.en, ...en },
  de: { ...moveCatalogue.de, ...de },
  es: { ...moveCatalogue.es, ...es },
  fr: { ...moveCatalogue.fr, ...fr },
  ja: { ...moveCatalogue.ja, ...ja },
  ko: { ...moveCatalogue.ko, ...ko },
  pt: { ...moveCatalogue.pt, ...pt },
  ro: { ...moveCatalogue.ro, ...ro },
  sv: { ...moveCatalogue.sv, ...sv },
})
