/** Ensures that the secrets of the configuration are those that the data was written with. */
import { createHmac } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import type { Log } from '#src/log.ts'

const SETTING = 'keys'

export interface KeysInUse {
  keyEncryptionKeyHex: string
  jwtSecret: string
  /** did:key of the server's PLC rotation key. */
  rotationKeyDid: string
}

/** What the directory stores of them. */
interface KeyChecks {
  keyEncryptionKey: string
  rotationKey: string
  jwtSecret: string
}

interface CheckedKey {
  variable: string
  /** Its name in the secrets.json of a development server. */
  generated: string
  consequence: string
}

const accept = 'PDS_ACCEPT_CHANGED_KEYS'

const fixedKeys: Record<'keyEncryptionKey' | 'rotationKey', CheckedKey> = {
  keyEncryptionKey: {
    variable: 'PDS_KEY_ENCRYPTION_KEY_HEX',
    generated: 'sealKeyHex',
    consequence:
      'existing accounts can be read but not written to until their signing keys are replaced (headwater account rotate-key)',
  },
  rotationKey: {
    variable: 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
    generated: 'plcRotationKeyHex',
    consequence: 'handles and signing keys of existing accounts cannot be changed',
  },
}

/**
 * Stores check values in the directory at the first start, and compares them at every other. Throws DataCheckError if
 * the key-encryption key or the rotation key is another one, unless `acceptChanged`; a changed JWT secret, which only
 * ends sessions, is a warning.
 */
export async function checkKeys(
  { directory }: Pick<Dispatch, 'directory'>,
  keys: KeysInUse,
  { acceptChanged, log }: { acceptChanged: boolean; log: Pick<Log, 'warn'> },
): Promise<void> {
  const { settings } = directory
  const checks = checksOf(keys)
  const store = () => settings.put({ name: SETTING, value: JSON.stringify(checks) })
  const stored = await settings.get({ name: SETTING })
  if (stored === null) {
    await store()
    // Of two processes that start for the first time at once, with different keys, one is stopped here.
    return checkKeys({ directory }, keys, { acceptChanged: false, log })
  }
  const former = JSON.parse(stored) as KeyChecks
  const changed = (['keyEncryptionKey', 'rotationKey'] as const).filter(
    (name) => former[name] !== checks[name],
  )
  if (changed.length > 0 && !acceptChanged) {
    throw new DataCheckError(changed.map((name) => refusal(fixedKeys[name])).join('\n'))
  }
  for (const name of changed) {
    const { variable, consequence } = fixedKeys[name]
    log.warn(`${variable} has changed, which ${accept} accepts: ${consequence}`)
  }
  const hasNewSecret = former.jwtSecret !== checks.jwtSecret
  if (hasNewSecret) log.warn(jwtSecretWarning)
  if (hasNewSecret || changed.length > 0) await store()
}

const jwtSecretWarning =
  'PDS_JWT_SECRET has changed: all sessions have ended, so users sign in again with their passwords, and apps refresh their OAuth tokens. Every process of this server needs the new secret'

function refusal({ variable, generated, consequence }: CheckedKey): string {
  return [
    `${variable} (${generated} in the secrets.json of a development server) is not the key that this data was written with.`,
    `Start with the former key. If it is lost, ${accept}=true starts with this one: ${consequence}.`,
  ].join(' ')
}

// The keys are random, so their HMAC does not reveal them. The JWT secret may be weak, but anyone who has a session has
// such an HMAC already: the signature of the token.
function checksOf({ keyEncryptionKeyHex, jwtSecret, rotationKeyDid }: KeysInUse): KeyChecks {
  const key = Buffer.from(keyEncryptionKeyHex, 'hex')
  return {
    keyEncryptionKey: hmac(key, 'headwater key encryption key'),
    rotationKey: rotationKeyDid,
    jwtSecret: hmac(jwtSecret, 'headwater jwt secret'),
  }
}

function hmac(secret: string | Uint8Array, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}
