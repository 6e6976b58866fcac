/** The form of API keys: `hw_<tenant>_<random>`. Only a hash and the beginning are stored; the latter tells keys apart. */
import { createHash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
/** Characters of the random part that the prefix shows. */
const SHOWN_LENGTH = 6
const MAX_KEY_LENGTH = 120

export interface NewApiKey {
  /** To be shown once. */
  key: string
  prefix: string
  hash: string
}

export function newApiKey(tenant: string): NewApiKey {
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const key = `hw_${tenant}_${secret}`
  return { key, prefix: `hw_${tenant}_${secret.slice(0, SHOWN_LENGTH)}`, hash: hashKey(key) }
}

export function isApiKey(token: string): boolean {
  return token.startsWith('hw_')
}

/** The tenant that the key names, which is not verified; undefined if the text cannot be a key. */
export function tenantOfKey(key: string): string | undefined {
  if (key.length > MAX_KEY_LENGTH) return undefined
  return /^hw_([a-z0-9-]{3,32})_[\w-]+$/.exec(key)?.[1]
}

export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
