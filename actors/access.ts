/** Authenticates the callers of actors: only processes of this server, which present the internal token. */
import { UserError } from 'rivetkit'
import type { ActorSettings } from '#actors/settings.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

const OTHER_TOKEN =
  'Only processes of this server may call its actors: the caller has another PDS_INTERNAL_TOKEN'

/** Makes the check that RivetKit runs for each connection and each call, before any action of the actor. */
export function requireInternalToken(
  actor: string,
  { internalToken, release, log }: Pick<ActorSettings, 'internalToken' | 'release' | 'log'>,
): (_c: unknown, params: unknown) => { internal: true } {
  const otherReleases = new Set<unknown>()
  return (_c, params) => {
    const caller = params as { internal?: unknown; release?: unknown } | undefined
    const given = caller?.internal
    if (typeof given !== 'string' || !equalSecrets(given, internalToken)) {
      throw new UserError(OTHER_TOKEN, {
        code: 'Forbidden',
        metadata: { status: 403 },
      })
    }
    // Release 1 did not send its number.
    const callerRelease = caller?.release ?? 1
    if (callerRelease !== release && !otherReleases.has(callerRelease)) {
      otherReleases.add(callerRelease)
      log.info({ actor, release, callerRelease }, 'called by a process of another release')
    }
    return { internal: true }
  }
}
