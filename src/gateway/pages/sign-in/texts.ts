/** The texts of the pages for signing in, signing up and consent, in each language. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import type { Flow } from '#src/gateway/pages/sign-in/flow.ts'
import { de } from '#src/gateway/pages/sign-in/locales/de.ts'
import { en, type SignInTexts } from '#src/gateway/pages/sign-in/locales/en.ts'
import { es } from '#src/gateway/pages/sign-in/locales/es.ts'
import { fr } from '#src/gateway/pages/sign-in/locales/fr.ts'
import { ja } from '#src/gateway/pages/sign-in/locales/ja.ts'
import { ko } from '#src/gateway/pages/sign-in/locales/ko.ts'
import { pt } from '#src/gateway/pages/sign-in/locales/pt.ts'
import { ro } from '#src/gateway/pages/sign-in/locales/ro.ts'
import { sv } from '#src/gateway/pages/sign-in/locales/sv.ts'

export type SignInKey = keyof SignInTexts

export const signInTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })

export interface SignInContext extends RenderContext {
  texts: Messages<SignInKey>
  flow: Flow
  /** The name of the app that has sent its user here. */
  app: string | undefined
}
