/** To be translated. */
import { type ErrorTexts, en } from '#src/gateway/pages/errors/locales/en.ts'

export const es: ErrorTexts = en
