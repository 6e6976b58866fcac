/** What it takes for an acknowledged write of this process's actors to survive a power failure. */
import { join } from 'node:path'
import type { Config } from '#src/config/config.ts'
import type { WalSync } from '#src/engine/wal-sync.ts'
import type { Log } from '#src/log.ts'

export interface Durability {
  /** Resolves when everything that was committed before the call is as durable as it is configured to be. */
  durable: () => Promise<void>
  /** Undefined if nothing is synced here. */
  walSync: WalSync | undefined
}

/** `engineFolder`: that of the engine that this process runs, if it does. */
export async function openDurability(
  { engine, role }: Pick<Config, 'engine' | 'role'>,
  engineFolder: string,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<Durability> {
  const folder = engine.endpoint === undefined ? engineFolder : engine.directory
  const none = { durable: () => Promise.resolve(), walSync: undefined }
  if (role === 'gateway' || engine.durability === 'engine') return none
  if (engine.durability === 'process') {
    log.warn('PDS_DURABILITY=process: a power failure loses writes that were acknowledged')
    return none
  }
  if (folder === undefined) {
    const note = 'whether acknowledged writes survive a power failure is up to the engine'
    log.warn({ engine: engine.endpoint }, note)
    return none
  }
  const { WalSync, walSyncThread } = await import('#src/engine/wal-sync.ts')
  const onError = (err: unknown) => {
    const message = 'syncing the store failed: what is on the disk is unknown, so the process exits'
    log.error({ err, folder }, message)
    process.exit(1)
  }
  const walSync = new WalSync({ thread: walSyncThread(join(folder, 'db')), onError })
  parts.defer(() => walSync.stop())
  await walSync.durable()
  return { durable: () => walSync.durable(), walSync }
}
