/** To be translated. */
import { en, type WordTexts } from '#src/gateway/pages/words/locales/en.ts'

export const pt: WordTexts = en
