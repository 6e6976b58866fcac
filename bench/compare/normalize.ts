/** Normalizes values: whatever is random or specific to one server is replaced by a placeholder, so that both can be compared. */
import { createHash } from 'node:crypto'

/** Known values with their placeholders, for example a DID with `<alice>`. */
export type Placeholders = ReadonlyMap<string, string>

const code = '[A-Z2-7]{5}-[A-Z2-7]{5}'
const base32 = '[a-z2-7]'

const replacements: [RegExp, string | ((found: string) => string)][] = [
  // A signature in the text of an operation or an error.
  [/(?<![\w-])[\w-]{85}[AQgw](?![\w-])/g, '<signature>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, (found) => found.replace(/\d/g, '0')],
  [/did:key:z[1-9A-HJ-NP-Za-km-z]+/g, '<did:key>'],
  [/\bz[1-9A-HJ-NP-Za-km-z]{46,50}\b/g, '<multikey>'],
  [new RegExp(`did:plc:${base32}{24}`, 'g'), '<did:plc>'],
  [new RegExp(`bafyrei${base32}{52}`, 'g'), '<cid>'],
  [new RegExp(`\\blocalhost-${base32}{5}-${base32}{5}`, 'g'), '<invite code>'],
  [new RegExp(`\\b${base32}{4}(?:-${base32}{4}){3}\\b`, 'g'), '<app password>'],
  [new RegExp(`\\b${code}\\b`, 'g'), '<code>'],
  [/\b3[2-7a-z]{12}\b/g, '<tid>'],
  [/\b\d{13}::/g, '<ms>::'],
  [/\b[0-9a-f]{32}\b/g, '<hex>'],
]

/** Text with placeholders. */
export function normalizeText(text: string, names: Placeholders): string {
  let normalized = text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, describeJwt)
  for (const [value, name] of names) {
    normalized = normalized.replaceAll(value, name).replaceAll(encodeURIComponent(value), name)
  }
  for (const [pattern, name] of replacements) {
    normalized =
      typeof name === 'string'
        ? normalized.replace(pattern, name)
        : normalized.replace(pattern, name)
  }
  return normalized
}

/** A JSON value with normalized texts and sorted fields. */
export function normalizeValue(value: unknown, names: Placeholders): unknown {
  if (typeof value === 'string') return normalizeText(value, names)
  if (Array.isArray(value)) return value.map((one) => normalizeValue(one, names))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, one]) => [
    normalizeText(key, names),
    normalizeValue(one, names),
  ])
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}

export function describeBytes(bytes: Uint8Array): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  return `<${bytes.length} bytes, ${hash}>`
}

/** Header and claims of a token; its times as the lifetime. */
function describeJwt(token: string): string {
  const [header, claims] = token.split('.').slice(0, 2).map(readPart)
  if (!header || !claims) return '<no jwt>'
  const { iat, exp, jti, nonce, ...rest } = claims
  const lifetime =
    typeof exp === 'number' && typeof iat === 'number' ? Math.round((exp - iat) / 10) * 10 : '-'
  const shown = {
    ...header,
    ...rest,
    life: lifetime,
    ...(jti !== undefined && { jti: String(jti).length }),
  }
  const parts = Object.entries(shown).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return `<jwt ${parts.sort().join(' ')}>`
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}
