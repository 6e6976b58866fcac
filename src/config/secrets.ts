/** Secrets and keys. In production they are required; in development missing ones are generated. */
import { createHmac } from 'node:crypto'
import type { EnvironmentReader } from '#src/config/read.ts'

/**
 * `sealKeyHex`, 32 bytes, encrypts signing keys at rest. Gateways and actors share `internalToken`; an actor refuses
 * calls without it.
 */
export interface Secrets {
  jwtSecret: string
  adminPassword: string
  plcRotationKeyHex: string
  sealKeyHex: string
  internalToken: string
}

const hex32 = { expected: '64 hex digits (openssl rand -hex 32)', form: /^[0-9a-f]{64}$/i }

export function readSecrets(read: EnvironmentReader, isProduction: boolean): Partial<Secrets> {
  const isLongEnough = (value: string) => !isProduction || value.length >= 16
  const atLeast = 'at least 16 characters'
  const isHex32 = (value: string) => hex32.form.test(value)
  const rotationKey = 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'
  const configured = {
    jwtSecret: read.secret('PDS_JWT_SECRET', atLeast, isLongEnough),
    adminPassword: read.secret('PDS_ADMIN_PASSWORD', atLeast, isLongEnough),
    plcRotationKeyHex: read.secret(rotationKey, hex32.expected, isHex32),
    sealKeyHex: read.secret('PDS_KEY_ENCRYPTION_KEY_HEX', hex32.expected, isHex32),
    internalToken: read.secret('PDS_INTERNAL_TOKEN', atLeast, isLongEnough),
  }
  const require = (name: string, reason: string) => {
    if (isProduction && read.text(name) === undefined) read.missing(name, reason)
  }
  require('PDS_JWT_SECRET', 'it signs session tokens (openssl rand -hex 32)')
  require('PDS_ADMIN_PASSWORD', 'it protects the admin methods (openssl rand -hex 16)')
  require(rotationKey, `it signs PLC operations; ${hex32.expected}`)
  require('PDS_KEY_ENCRYPTION_KEY_HEX', `it encrypts signing keys at rest; ${hex32.expected}`)
  const internalToken =
    configured.internalToken ?? (configured.jwtSecret && tokenFrom(configured.jwtSecret))
  const secrets = Object.entries({ ...configured, internalToken })
  return Object.fromEntries(secrets.filter(([, value]) => value !== undefined))
}

// Gateways and actors with the same JWT secret derive the same token, so it need not be configured.
function tokenFrom(jwtSecret: string): string {
  return createHmac('sha256', jwtSecret).update('headwater internal token').digest('hex')
}
