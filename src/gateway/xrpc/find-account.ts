/** From a handle or a DID to the DID of an account of this server. No stranger's name ever makes an actor. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** The DID of the account; undefined where this server has none of that name. */
export type FindAccount = (name: string) => Promise<string | undefined>

const MAX_KNOWN = 50_000

/**
 * Asks the directory, and remembers the DIDs that it knew: an account stays, whatever becomes of it, and answers for
 * its state itself. Handles wander, so they are asked for every time.
 */
export function accountFinder(dispatch: Pick<Dispatch, 'directory'>, max = MAX_KNOWN): FindAccount {
  const known = new BoundedMap<string, true>(max)

  return async (name) => {
    const isDid = name.startsWith('did:')
    if (isDid && known.has(name)) {
      return name
    }
    const identifier = isDid ? name : name.toLowerCase()
    const found = await dispatch.directory.accounts.find({ identifier })
    if (found === null) return undefined
    known.set(found.did, true)
    return found.did
  }
}
