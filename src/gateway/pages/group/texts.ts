/** The texts of the pages of groups. */
import { de } from '#src/gateway/pages/group/locales/de.ts'
import { en } from '#src/gateway/pages/group/locales/en.ts'
import { es } from '#src/gateway/pages/group/locales/es.ts'
import { fr } from '#src/gateway/pages/group/locales/fr.ts'
import { ja } from '#src/gateway/pages/group/locales/ja.ts'
import { ko } from '#src/gateway/pages/group/locales/ko.ts'
import { pt } from '#src/gateway/pages/group/locales/pt.ts'
import { ro } from '#src/gateway/pages/group/locales/ro.ts'
import { sv } from '#src/gateway/pages/group/locales/sv.ts'
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'

export type GroupMessageKey = keyof typeof en
export type GroupMessages = Messages<GroupMessageKey>

/** In the language of the page. */
export const groupTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
