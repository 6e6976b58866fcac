/** The security headers of the pages: content security policy, framing, caching and permissions. */
import type { Branding } from '#src/gateway/pages/style.ts'

/** `canFetch`: whether the scripts of the page may call this server. */
export function pageHeaders(
  nonce: string,
  { logo, background = {} }: Branding,
  { canFetch = false } = {},
): Record<string, string> {
  const images = [logo, background.light, background.dark].filter((url) => url !== undefined)
  const sources = new Set(["'self'", ...images.map(cspSource)])
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    // Also for what these scripts import. Not 'self', where anyone may upload a script as a blob.
    `script-src 'nonce-${nonce}'`,
    `img-src ${[...sources].join(' ')}`,
    ...(canFetch ? ["connect-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    // Ignored by browsers if the page was not loaded over HTTPS.
    'strict-transport-security': 'max-age=63072000',
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

function cspSource(url: string): string {
  return url.startsWith('data:') ? 'data:' : new URL(url).origin
}
