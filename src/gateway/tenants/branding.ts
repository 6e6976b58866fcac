/** Checks the branding of a tenant, which is shown on pages and in mails. */
import { invalidRequest } from '#src/errors.ts'
import type { TenantBranding } from '#src/rules/tenants.ts'

const links = ['logoUrl', 'homeUrl', 'supportUrl', 'termsUrl', 'privacyUrl'] as const

/** Without the members that the lexicon does not know. Throws 400. */
export function parseBranding(given: TenantBranding): TenantBranding {
  const { primaryColor } = given
  if (primaryColor !== undefined && !/^#[0-9a-f]{6}$/i.test(primaryColor)) {
    throw invalidRequest('primaryColor must be like #1a2b3c')
  }
  const present = links.filter((name) => given[name] !== undefined)
  const wrong = present.find((name) => URL.parse(given[name] ?? '')?.protocol !== 'https:')
  if (wrong !== undefined) throw invalidRequest(`${wrong} must be a URL with https`)
  return {
    ...Object.fromEntries(present.map((name) => [name, given[name]])),
    ...(primaryColor !== undefined && { primaryColor }),
  }
}

/** The pattern for the labels of generated handles; null, which removes it, for an empty text. Throws 400. */
export function parseHandlePattern(pattern: string): string | null {
  if (pattern === '') return null
  const isPattern = /^[a-z0-9-]*\{random\}[a-z0-9-]*$/.test(pattern)
  if (isPattern && !/^-|-$/.test(pattern)) return pattern
  throw invalidRequest('handlePattern must have {random}, and otherwise letters, digits and -')
}
