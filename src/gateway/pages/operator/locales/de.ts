/** To be translated. */
import { en, type OperatorTexts } from '#src/gateway/pages/operator/locales/en.ts'

export const de: OperatorTexts = en
