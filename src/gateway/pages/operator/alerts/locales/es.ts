/** To be translated. */
import { type AlertTexts, en } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const es: AlertTexts = en
