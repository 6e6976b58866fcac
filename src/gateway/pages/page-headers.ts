/** The headers that keep others out of a security page: what may run in it, who may frame it, keep it or learn of it. */
import type { Branding } from '#src/gateway/pages/style.ts'

/** Only what has the page's nonce runs; pictures come from where the operator's are. */
export function pageHeaders(
  nonce: string,
  { logo, background = {} }: Branding,
): Record<string, string> {
  const pictures = [logo, background.light, background.dark].filter((url) => url !== undefined)
  const sources = new Set(pictures.map(sourceOf))
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `img-src ${sources.size === 0 ? "'none'" : [...sources].join(' ')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=()',
    'cache-control': 'no-store',
    vary: 'Accept-Language, Cookie',
  }
}

/** As a policy names it. */
function sourceOf(url: string): string {
  return url.startsWith('data:') ? 'data:' : new URL(url).origin
}
