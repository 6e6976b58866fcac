/** To be translated. */
import { en, type ServerTexts } from '#src/gateway/pages/operator/server/locales/en.ts'

export const ja: ServerTexts = en
