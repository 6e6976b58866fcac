/** Checks at the start of a process, as soon as the directory can be reached, that it may serve the data. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { Secrets } from '#src/config/secrets.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { checkKeys } from '#src/gateway/data-checks/check-keys.ts'
import { checkPublicUrl } from '#src/gateway/data-checks/check-public-url.ts'
import { checkShards, DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import { checkTakeover } from '#src/gateway/data-checks/check-takeover.ts'
import type { Log } from '#src/log.ts'
import { signingKey } from '#src/ports/secp256k1.ts'

const RETRY_MS = 1_000
/** After so many failed attempts the log says why. */
const ATTEMPTS_BEFORE_WARNING = 10
/** While the token of all processes is changed, the one with the directory may still have the former. */
const REFUSALS_BEFORE_EXIT = 10

type CheckedConfig = Pick<Config, 'acceptChangedKeys'> & {
  gateway: { publicUrl: string }
  /** The process takes over a reference PDS, and serves nothing. */
  takesOver?: boolean
}

/** Resolves when the checks have passed. Rejects with DataCheckError, whose message is for the operator. */
export async function checkData(
  dispatch: Pick<Dispatch, 'directory'>,
  secrets: Pick<Secrets, 'sealKeyHex' | 'jwtSecret' | 'plcRotationKeyHex'>,
  { acceptChangedKeys, gateway, takesOver = false }: CheckedConfig,
  log: Pick<Log, 'warn'>,
  wait: (ms: number) => Promise<unknown> = (ms) => pause(ms, undefined, { ref: false }),
): Promise<void> {
  const { sealKeyHex: keyEncryptionKeyHex, jwtSecret, plcRotationKeyHex } = secrets
  const rotationKeyDid = signingKey(Buffer.from(plcRotationKeyHex, 'hex')).did()
  const keys = { keyEncryptionKeyHex, jwtSecret, rotationKeyDid }
  let refusals = 0
  for (let attempt = 1; ; attempt++) {
    try {
      await checkShards(dispatch)
      if (!takesOver) await checkTakeover(dispatch)
      await checkKeys(dispatch, keys, { acceptChanged: acceptChangedKeys, log })
      return await checkPublicUrl(dispatch, gateway.publicUrl, log)
    } catch (error) {
      if (error instanceof DataCheckError) throw error
      refusals = isTokenRefused(error) ? refusals + 1 : 0
      if (refusals === REFUSALS_BEFORE_EXIT) throw new DataCheckError(tokenRefused)
      if (attempt === ATTEMPTS_BEFORE_WARNING) {
        log.warn(
          { err: error },
          'the directory cannot be reached, so the keys are not checked yet; is a process with actors running?',
        )
      }
      await wait(RETRY_MS)
    }
  }
}

const tokenRefused =
  'The directory refuses the internal token of this process: PDS_INTERNAL_TOKEN, or PDS_JWT_SECRET, from which it is derived if it is not set, is not that of the other processes.'

/** As actors answer (actors/access.ts). */
function isTokenRefused(error: unknown): boolean {
  return error instanceof XrpcError && error.error === 'Forbidden'
}
