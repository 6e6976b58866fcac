/** Checks at the start of a process, as soon as the directory can be reached, that it may serve the data. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { Secrets } from '#src/config/secrets.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { checkKeys } from '#src/gateway/data-checks/check-keys.ts'
import { checkPublicUrl } from '#src/gateway/data-checks/check-public-url.ts'
import { checkShards, DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import type { Log } from '#src/log.ts'
import { signingKey } from '#src/ports/secp256k1.ts'

const RETRY_MS = 1_000
/** After so many failed attempts the log says why: a wrong PDS_INTERNAL_TOKEN, for example, cannot be found otherwise. */
const ATTEMPTS_BEFORE_WARNING = 10

type CheckedConfig = Pick<Config, 'acceptChangedKeys'> & { gateway: { publicUrl: string } }

/** Resolves when the checks have passed. Rejects with DataCheckError, whose message is for the operator. */
export async function checkData(
  dispatch: Pick<Dispatch, 'directory'>,
  secrets: Pick<Secrets, 'sealKeyHex' | 'jwtSecret' | 'plcRotationKeyHex'>,
  { acceptChangedKeys, gateway }: CheckedConfig,
  log: Pick<Log, 'warn'>,
  wait: (ms: number) => Promise<unknown> = (ms) => pause(ms, undefined, { ref: false }),
): Promise<void> {
  const { sealKeyHex: keyEncryptionKeyHex, jwtSecret, plcRotationKeyHex } = secrets
  const rotationKeyDid = signingKey(Buffer.from(plcRotationKeyHex, 'hex')).did()
  const keys = { keyEncryptionKeyHex, jwtSecret, rotationKeyDid }
  for (let attempt = 1; ; attempt++) {
    try {
      await checkShards(dispatch)
      await checkKeys(dispatch, keys, { acceptChanged: acceptChangedKeys, log })
      return await checkPublicUrl(dispatch, gateway.publicUrl, log)
    } catch (error) {
      if (error instanceof DataCheckError) throw error
      if (attempt === ATTEMPTS_BEFORE_WARNING) {
        log.warn(
          { err: error },
          'the directory cannot be reached, so the keys are not checked yet; do all processes have the same PDS_JWT_SECRET and PDS_INTERNAL_TOKEN?',
        )
      }
      await wait(RETRY_MS)
    }
  }
}
