/** Resolves a handle or DID to the DID of an account of this server, so that no actor is created for a foreign name. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

export type FindAccount = (name: string) => Promise<string | undefined>

const MAX_CACHED_DIDS = 50_000

/**
 * Asks the directory and caches DIDs: a DID stays with its account in every state, which the account checks itself.
 * Handles can change, so they are looked up every time.
 */
export function accountFinder(
  dispatch: Pick<Dispatch, 'directory'>,
  maxCached = MAX_CACHED_DIDS,
): FindAccount {
  const cached = new BoundedMap<string, true>(maxCached)

  return async (name) => {
    const isDid = name.startsWith('did:')
    if (isDid && cached.has(name)) {
      return name
    }
    const identifier = isDid ? name : name.toLowerCase()
    const found = await dispatch.directory.accounts.find({ identifier })
    if (found === null) return undefined
    cached.set(found.did, true)
    return found.did
  }
}
