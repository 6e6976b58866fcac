/** OAuth: branding of the pages, trusted clients, hCaptcha, and the DPoP secret. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { isDid } from '#src/protocol/did.ts'

export interface BrandingConfig {
  name: string
  /** Paragraphs about the server, separated by empty lines, for the landing page. */
  description?: string
  logo?: string
  colors: Partial<Record<ColorName, string>>
  background: { light?: string; dark?: string }
  links: { title: Record<string, string>; href: string; rel: LinkRel }[]
}

type LinkRel = 'canonical' | 'terms-of-service' | 'privacy-policy' | 'help'

export interface OAuthConfig {
  branding: BrandingConfig
  /** Client ids that may sign in again without consent, as confidential clients may. */
  trustedClients: string[]
  /** Repo from which all permission sets are resolved, instead of the authorities of their NSIDs. */
  lexiconAuthorityDid: string | undefined
  hcaptcha: { siteKey: string; secretKey: string; tokenSalt: string } | undefined
  /** Secret of DPoP nonces, 32 bytes in hex, the same for all gateways; undefined to derive it from the JWT secret. */
  dpopSecretHex: string | undefined
}

const colors = {
  primary: 'PDS_PRIMARY_COLOR',
  error: 'PDS_ERROR_COLOR',
  warning: 'PDS_WARNING_COLOR',
  info: 'PDS_INFO_COLOR',
  success: 'PDS_SUCCESS_COLOR',
}
type ColorName = keyof typeof colors

const imageUrl = 'an https, http or data URL'
const isImageUrl = (text: string) => /^(https?:\/\/|data:)\S+$/i.test(text)

export function readOAuth(read: EnvironmentReader, hostname: string): OAuthConfig {
  const isHex32 = (value: string) => /^[0-9a-f]{64}$/i.test(value)
  return {
    branding: readBranding(read, hostname),
    trustedClients:
      read.list('PDS_OAUTH_TRUSTED_CLIENTS', 'a comma-separated list of client ids', () => true) ??
      [],
    lexiconAuthorityDid: read.checked('PDS_LEXICON_AUTHORITY_DID', 'a DID', isDid),
    hcaptcha: readHcaptcha(read),
    dpopSecretHex: read.secret('PDS_DPOP_SECRET', '64 hex digits (openssl rand -hex 32)', isHex32),
  }
}

function readBranding(read: EnvironmentReader, hostname: string): BrandingConfig {
  const logo = read.checked('PDS_LOGO_URL', imageUrl, isImageUrl)
  const light = read.checked('PDS_BACKGROUND_LIGHT_URL', imageUrl, isImageUrl)
  const dark = read.checked('PDS_BACKGROUND_DARK_URL', imageUrl, isImageUrl)
  const link = (href: string | undefined, rel: LinkRel, title: Record<string, string>) => {
    return href === undefined ? [] : [{ title, href, rel }]
  }
  const description = read.checked(
    'PDS_SERVICE_DESCRIPTION',
    'at most 2000 characters',
    (text) => text.length <= 2000,
  )
  return {
    name: read.text('PDS_SERVICE_NAME') ?? `${hostname} PDS`,
    ...(description !== undefined && { description: description.replaceAll('\\n', '\n') }),
    ...(logo !== undefined && { logo }),
    colors: Object.fromEntries(
      Object.entries(colors).flatMap(([color, name]) => readColor(read, color, name)),
    ),
    background: { ...(light !== undefined && { light }), ...(dark !== undefined && { dark }) },
    links: [
      // Keeps the sign-in page out of search engines.
      ...link(read.url('PDS_HOME_URL'), 'canonical', { en: 'Home', fr: 'Accueil' }),
      // These two are validated as URLs in config.ts, for describeServer.
      ...link(read.text('PDS_TERMS_OF_SERVICE_URL'), 'terms-of-service', {
        en: 'Terms of Service',
      }),
      ...link(read.text('PDS_PRIVACY_POLICY_URL'), 'privacy-policy', { en: 'Privacy Policy' }),
      ...link(read.url('PDS_SUPPORT_URL'), 'help', { en: 'Support' }),
    ],
  }
}

function readColor(read: EnvironmentReader, color: string, name: string): [string, string][] {
  const expected = 'a color: #rgb, #rrggbb or rgb(r, g, b)'
  const isColor = (text: string) => /^(#([0-9a-f]{3}|[0-9a-f]{6})|rgb\([\d\s,]+\))$/i.test(text)
  const value = read.checked(name, expected, isColor)
  return value === undefined ? [] : [[color, value]]
}

function readHcaptcha(read: EnvironmentReader): OAuthConfig['hcaptcha'] {
  const siteKey = read.text('PDS_HCAPTCHA_SITE_KEY')
  const secretKey = read.secret('PDS_HCAPTCHA_SECRET_KEY', 'set', () => true)
  const tokenSalt = read.secret('PDS_HCAPTCHA_TOKEN_SALT', 'set', () => true)
  if (!siteKey || !secretKey || !tokenSalt) return undefined
  return { siteKey, secretKey, tokenSalt }
}
