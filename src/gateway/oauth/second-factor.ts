/** The second step on the stock sign-in page: a code in its field, or one that was shown at our own pages before. */
import {
  InvalidRequestError,
  SecondAuthenticationFactorRequiredError,
} from '@atproto/oauth-provider/errors'
import { XrpcError } from '#src/errors.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { securityPageUrl } from '#src/gateway/pages/return-to.ts'
import { checkSecondStep } from '#src/gateway/pages/second-step.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

/** For the footer of the stock pages; in the languages of ours. */
export function securityLink(publicUrl: string) {
  const title = {
    en: 'Passkey or authenticator app',
    de: 'Passkey oder Authenticator-App',
    fr: "Clé d'accès ou application d'authentification",
    es: 'Llave de acceso o aplicación de autenticación',
    pt: 'Chave de acesso ou aplicativo autenticador',
    ja: 'パスキーまたは認証アプリ',
    ko: '패스키 또는 인증 앱',
    ro: 'Cheie de acces sau aplicație de autentificare',
    sv: 'Nyckel eller autentiseringsapp',
  }
  return { title, href: securityPageUrl(publicUrl) }
}

/**
 * What the page says where nothing was mailed. All that it takes from us is what stands around these words, in its own
 * languages: “Check your … email for a login code and enter it here.” Recovery codes fit into its field.
 */
const elsewhere: Readonly<Record<string, string>> = {
  en: 'recovery codes (or follow “Passkey or authenticator app” below), not your',
  es: '(no: sigue «Llave de acceso o aplicación de autenticación» abajo, o usa tus códigos de recuperación)',
  fr: "« Clé d'accès ou application d'authentification », ci-dessous (ou vos codes de secours),",
  ja: '（メールではなく、下の「パスキーまたは認証アプリ」または回復コード）',
  ko: '(이메일이 아니라 아래의 「패스키 또는 인증 앱」 또는 복구 코드)',
  ro: '(nu: urmați „Cheie de acces sau aplicație de autentificare” de mai jos sau folosiți codurile de recuperare)',
  sv: '”Nyckel eller autentiseringsapp” nedan (eller bland dina återställningskoder)',
}

/** Throws what makes the page ask for a code, or show why it is not enough. */
export async function mustPassSecondStep(
  surface: ServerContext,
  did: string,
  { code, locale = 'en' }: { code: string | undefined; locale: string | undefined },
): Promise<void> {
  const step = await attempt(surface, did, code)
  if (step.passed) return
  const hint = step.hint ?? elsewhere[locale.split('-')[0]!] ?? elsewhere['en']!
  // The same words as at first: that is how the page knows that the code was wrong.
  throw new SecondAuthenticationFactorRequiredError('emailOtp', hint)
}

async function attempt(surface: ServerContext, did: string, code: string | undefined) {
  const { clientInfo, cookie } = requestContext()
  try {
    return await checkSecondStep(surface, did, { code, cookie, clientInfo })
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    if (error.status === 429) throw new InvalidRequestError(error.message, error)
    return checkSecondStep(surface, did, { code: undefined, cookie, clientInfo })
  }
}
