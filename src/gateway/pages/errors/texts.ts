/** The sentences for errors, which all areas show. */
import { de } from '#src/gateway/pages/errors/locales/de.ts'
import { en } from '#src/gateway/pages/errors/locales/en.ts'
import { es } from '#src/gateway/pages/errors/locales/es.ts'
import { fr } from '#src/gateway/pages/errors/locales/fr.ts'
import { ja } from '#src/gateway/pages/errors/locales/ja.ts'
import { ko } from '#src/gateway/pages/errors/locales/ko.ts'
import { pt } from '#src/gateway/pages/errors/locales/pt.ts'
import { ro } from '#src/gateway/pages/errors/locales/ro.ts'
import { sv } from '#src/gateway/pages/errors/locales/sv.ts'
import { textsIn } from '#src/gateway/pages/messages.ts'

export type ErrorKey = keyof typeof en

export const errorTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })
