/** Ensures that no server starts with only a part of the accounts of a reference PDS. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import { TAKEOVER_SETTING } from '#src/rules/takeover-state.ts'

/** Throws DataCheckError if a takeover has begun and is not done. */
export async function checkTakeover({ directory }: Pick<Dispatch, 'directory'>): Promise<void> {
  const state = await directory.settings.get({ name: TAKEOVER_SETTING })
  if (state === null || state === 'done') return
  throw new DataCheckError(
    'The takeover of a reference PDS is not finished: run headwater takeover FOLDER --finish first (docs/operate/takeover.md)',
  )
}
