/**
 * Deletes the archives of accounts that were deleted, some time after the last archive: until then they can be restored. Only
 * those that this server has made, in case it shares the storage with another one.
 */
import { deleteArchives } from '#src/archive/prune.ts'
import { storageOf } from '#src/gateway/archives/archive-ports.ts'
import { withLease } from '#src/gateway/archives/lease.ts'
import type { RoundPorts } from '#src/gateway/archives/rounds.ts'

const PAGE = 200

export async function deleteOldAccounts(ports: RoundPorts): Promise<void> {
  const { archives } = ports.dispatch.directory
  for (let after = ''; ; ) {
    const page = await archives.listOrphaned({ after, limit: PAGE })
    const before = ports.clock.now() - ports.deletedKeptMs
    for (const { did, archivedAt } of page) {
      if ((archivedAt ?? 0) <= before) await deleteAll(ports, did)
    }
    after = page.at(-1)?.did ?? ''
    if (page.length < PAGE) return
  }
}

async function deleteAll(ports: RoundPorts, did: string): Promise<void> {
  const storage = await storageOf(ports)
  const { archives, accounts } = ports.dispatch.directory
  await withLease(ports, did, async () => {
    // It may have been restored since.
    if ((await accounts.find({ identifier: did })) !== null) return
    await deleteArchives(storage, did, { server: ports.serviceDid, now: ports.clock.now() })
    await archives.forget({ did })
    ports.log.info({ did }, 'the archives of a deleted account were deleted')
  })
}
