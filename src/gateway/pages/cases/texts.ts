/** The texts of moderation cases. */
import { de } from '#src/gateway/pages/cases/locales/de.ts'
import { en } from '#src/gateway/pages/cases/locales/en.ts'
import { es } from '#src/gateway/pages/cases/locales/es.ts'
import { fr } from '#src/gateway/pages/cases/locales/fr.ts'
import { ja } from '#src/gateway/pages/cases/locales/ja.ts'
import { ko } from '#src/gateway/pages/cases/locales/ko.ts'
import { pt } from '#src/gateway/pages/cases/locales/pt.ts'
import { ro } from '#src/gateway/pages/cases/locales/ro.ts'
import { sv } from '#src/gateway/pages/cases/locales/sv.ts'
import { type Messages, messagesFor, textsIn } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

type CaseMessageKey = keyof typeof en
export type CaseText = Messages<CaseMessageKey>['text']

const caseTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })

/** In the language of the page. */
export function caseText(context: Pick<RenderContext, 'messages'>): CaseText {
  return caseTexts(context).text
}

/** Of the notes that are stored, which are in English. */
export const englishCaseText: CaseText = caseText({ messages: messagesFor('en') })

/** The text of one of a kind, such as `reason.spam`; a value that has none is shown as it is. */
export function caseWord(
  text: CaseText,
  kind: 'reason' | 'decision' | 'case' | 'action',
  value: string,
): string {
  const key = `${kind}.${value}`
  return Object.hasOwn(en, key) ? text(key as CaseMessageKey) : value
}
