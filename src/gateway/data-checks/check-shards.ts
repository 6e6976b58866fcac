/** Ensures that the numbers of shards never change after the first start: they decide where data is. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { AUTHORIZATION_SHARDS } from '#src/gateway/oauth/shards.ts'
import { LIMITER_SHARDS } from '#src/gateway/xrpc/limiter-client.ts'

const SETTING = 'shards'

export interface ShardCounts {
  authorization: number
  limiter: number
}

/** This process must not serve the data; the message tells the operator why. */
export class DataCheckError extends Error {}

/**
 * Stores the numbers in the directory at the first start, and compares them at every other. Throws DataCheckError if
 * they differ.
 */
export async function checkShards(
  { directory }: Pick<Dispatch, 'directory'>,
  counts: ShardCounts = { authorization: AUTHORIZATION_SHARDS, limiter: LIMITER_SHARDS },
): Promise<void> {
  const { settings } = directory
  const stored = await settings.get({ name: SETTING })
  if (stored === null) {
    // Two gateways that start for the first time at once store the same, unless they are of different builds: then the
    // one whose value did not stay is stopped here.
    await settings.put({ name: SETTING, value: JSON.stringify(counts) })
    return checkShards({ directory }, counts)
  }
  const storedCounts = JSON.parse(stored) as Partial<ShardCounts>
  for (const [actor, count] of Object.entries(counts)) {
    const storedCount = storedCounts[actor as keyof ShardCounts]
    if (storedCount !== count) {
      throw new DataCheckError(
        `This build has ${count} ${actor} shards, and the data was written with ${storedCount}: start the build that wrote it`,
      )
    }
  }
}
