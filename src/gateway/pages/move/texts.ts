/** The texts of the pages on moves in each language. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/move/locales/de.ts'
import { en } from '#src/gateway/pages/move/locales/en.ts'
import { es } from '#src/gateway/pages/move/locales/es.ts'
import { fr } from '#src/gateway/pages/move/locales/fr.ts'
import { ja } from '#src/gateway/pages/move/locales/ja.ts'
import { ko } from '#src/gateway/pages/move/locales/ko.ts'
import { pt } from '#src/gateway/pages/move/locales/pt.ts'
import { ro } from '#src/gateway/pages/move/locales/ro.ts'
import { sv } from '#src/gateway/pages/move/locales/sv.ts'

export type MoveKey = keyof typeof en
export type MoveMessages = Messages<MoveKey>

export const moveCatalogue = { en, de, es, fr, ja, ko, pt, ro, sv }

export const moveTexts = textsIn(moveCatalogue)
