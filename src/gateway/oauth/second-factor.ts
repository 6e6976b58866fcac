/** The second step of a sign-in by the library's API: a code in its email-code field, or a step completed on our own pages. */
import {
  InvalidRequestError,
  SecondAuthenticationFactorRequiredError,
} from '@atproto/oauth-provider/errors'
import { XrpcError } from '#src/errors.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { securityPageUrl } from '#src/gateway/pages/return-to.ts'
import { checkSecondStep } from '#src/gateway/pages/second-step.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

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
 * The hint if no email was sent. The page puts it, untranslated, into its own sentence: “Check your … email for a login
 * code and enter it here.” Recovery codes fit into its field.
 */
const noEmailHints = {
  en: 'recovery codes (or follow “Passkey or authenticator app” below), not your',
  es: '(no: sigue «Llave de acceso o aplicación de autenticación» abajo, o usa tus códigos de recuperación)',
  fr: "« Clé d'accès ou application d'authentification », ci-dessous (ou vos codes de secours),",
  ja: '（メールではなく、下の「パスキーまたは認証アプリ」または回復コード）',
  ko: '(이메일이 아니라 아래의 「패스키 또는 인증 앱」 또는 복구 코드)',
  ro: '(nu: urmați „Cheie de acces sau aplicație de autentificare” de mai jos sau folosiți codurile de recuperare)',
  sv: '”Nyckel eller autentiseringsapp” nedan (eller bland dina återställningskoder)',
}

/** Throws the errors that make the page ask for a code, or say that the code is wrong. */
export async function mustPassSecondStep(
  server: ServerContext,
  did: string,
  { code, locale = 'en' }: { code: string | undefined; locale: string | undefined },
): Promise<void> {
  const step = await attempt(server, did, code)
  if (step.passed) return
  const language = locale.split('-', 1)[0]!
  const known = Object.hasOwn(noEmailHints, language)
    ? (language as keyof typeof noEmailHints)
    : 'en'
  const hint = step.hint ?? noEmailHints[known]
  // The same error as the first time: the page takes its repetition for a wrong code.
  throw new SecondAuthenticationFactorRequiredError('emailOtp', hint)
}

async function attempt(server: ServerContext, did: string, code: string | undefined) {
  const { client, cookie } = requestContext()
  try {
    return await checkSecondStep(server, did, { code, cookie, client })
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    if (error.status === 429) throw new InvalidRequestError(error.message, error)
    return checkSecondStep(server, did, { code: undefined, cookie, client })
  }
}
