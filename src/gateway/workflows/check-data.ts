/** Checks at the start of a process, as soon as the directory can be reached, that it may serve the data. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { Secrets } from '#src/config/secrets.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { checkKeys } from '#src/gateway/workflows/check-keys.ts'
import { checkShards, DataCheckError } from '#src/gateway/workflows/check-shards.ts'
import type { Log } from '#src/log.ts'
import { signingKey } from '#src/ports/secp256k1.ts'

const RETRY_MS = 1_000

/** Resolves when the checks have passed. Rejects with DataCheckError, whose message is for the operator. */
export async function checkData(
  dispatch: Pick<Dispatch, 'directory'>,
  secrets: Pick<Secrets, 'sealKeyHex' | 'jwtSecret' | 'plcRotationKeyHex'>,
  { acceptChangedKeys }: Pick<Config, 'acceptChangedKeys'>,
  log: Pick<Log, 'warn'>,
): Promise<void> {
  const { sealKeyHex: keyEncryptionKeyHex, jwtSecret, plcRotationKeyHex } = secrets
  const rotationKeyDid = signingKey(Buffer.from(plcRotationKeyHex, 'hex')).did()
  const keys = { keyEncryptionKeyHex, jwtSecret, rotationKeyDid }
  for (;;) {
    try {
      await checkShards(dispatch)
      return await checkKeys(dispatch, keys, { acceptChanged: acceptChangedKeys, log })
    } catch (error) {
      if (error instanceof DataCheckError) throw error
      await pause(RETRY_MS, undefined, { ref: false })
    }
  }
}
