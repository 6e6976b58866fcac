/** Who may call an actor: only a process of this server, known by the internal token. Denied by default. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { UserError } from 'rivetkit'

/** Makes the check that RivetKit runs for each connection and each call, before any action. */
export function requireInternalToken(
  internalToken: string,
): (_c: unknown, params: unknown) => { internal: true } {
  const expected = digest(internalToken)
  return (_c, params) => {
    const given = (params as { internal?: unknown } | undefined)?.internal
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) {
      throw new UserError('This actor is not for you', {
        code: 'Forbidden',
        metadata: { status: 403 },
      })
    }
    return { internal: true }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
