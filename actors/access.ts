/** Who may call an actor: only a process of this server, known by the internal token. Denied by default. */
import { UserError } from 'rivetkit'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

/** Makes the check that RivetKit runs for each connection and each call, before any action. */
export function requireInternalToken(
  internalToken: string,
): (_c: unknown, params: unknown) => { internal: true } {
  return (_c, params) => {
    const given = (params as { internal?: unknown } | undefined)?.internal
    if (typeof given !== 'string' || !equalSecrets(given, internalToken)) {
      throw new UserError('This actor is not for you', {
        code: 'Forbidden',
        metadata: { status: 403 },
      })
    }
    return { internal: true }
  }
}
