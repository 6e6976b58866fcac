/** The texts of the landing page and of the pages beside it, in each language. */
import { de } from '#src/gateway/pages/home/locales/de.ts'
import { en } from '#src/gateway/pages/home/locales/en.ts'
import { es } from '#src/gateway/pages/home/locales/es.ts'
import { fr } from '#src/gateway/pages/home/locales/fr.ts'
import { ja } from '#src/gateway/pages/home/locales/ja.ts'
import { ko } from '#src/gateway/pages/home/locales/ko.ts'
import { pt } from '#src/gateway/pages/home/locales/pt.ts'
import { ro } from '#src/gateway/pages/home/locales/ro.ts'
import { sv } from '#src/gateway/pages/home/locales/sv.ts'
import { type Messages, messagesFor, textsIn } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'

const homeTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })

/** Of pages without a session, which set no cookie. */
export interface HomeContext extends RenderContext {
  texts: Messages<keyof typeof en>
}

export function homeContext(branding: Branding, acceptLanguage: string | undefined): HomeContext {
  const messages = messagesFor(acceptLanguage)
  return { branding, messages, csrf: '', texts: homeTexts({ messages }) }
}
