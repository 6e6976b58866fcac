/** Opens what makes and restores archives, for the methods of operators and for the rounds. */
import { randomInt } from 'node:crypto'
import { type FoundArchive, listArchives } from '#src/archive/list-archives.ts'
import { newestArchive } from '#src/archive/storage-archives.ts'
import { type VerifiedArchive, verifyArchive } from '#src/archive/verify-archive.ts'
import type { ArchiveConfig } from '#src/config/archives.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { unavailable } from '#src/errors.ts'
import { mustBeConfigured, storageOf, trustedKeys } from '#src/gateway/archives/archive-ports.ts'
import { type CreatedArchive, createArchive } from '#src/gateway/archives/create-archive.ts'
import { type DrilledArchive, drillArchive } from '#src/gateway/archives/drill-archive.ts'
import { type OwnArchives, openOwnArchives } from '#src/gateway/archives/open-own-archives.ts'
import {
  type RestoredArchive,
  type RestoreInput,
  type RestorePorts,
  restoreArchive,
} from '#src/gateway/archives/restore-archive.ts'
import { startArchiveRounds } from '#src/gateway/archives/rounds.ts'
import { notifyWebhooks } from '#src/gateway/notify-webhooks.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import { openArchiveStorage } from '#src/ports/open-archive-storage.ts'

type Report = (progress: string) => void

interface NamedArchive {
  did: string
  /** The newest if absent. */
  archive?: string | undefined
}

export interface Archives {
  /** Whether the server makes archives itself. */
  isConfigured: boolean
  /** Between rounds; 0 if archives are made by command only. */
  intervalMs: number
  /** Throws 400 ArchivesNotConfigured. */
  mustBeConfigured(): void
  create(did: string, report: Report): Promise<CreatedArchive>
  list(did: string, trusted?: readonly string[]): Promise<FoundArchive[]>
  verify(
    input: NamedArchive & { trusted?: readonly string[] | undefined },
    report: Report,
  ): Promise<VerifiedArchive>
  drill(input: NamedArchive, report: Report): Promise<DrilledArchive>
  restore(input: RestoreInput, report: Report): Promise<RestoredArchive>
  /** In the buckets of the owners of accounts. */
  own: OwnArchives
  /** The returned function stops them. */
  startRounds(): () => void
}

/** Of one gateway, by command; more are refused. */
const MAX_RUNNING = 4

export function openArchives(
  ports: Omit<RestorePorts, 'openStorage' | 'backupKey' | 'trusted' | 'dispatch'> & {
    dispatch: Dispatch
    config: ArchiveConfig
    /** Of the private parts. */
    backupKeyHex: string | undefined
    reserveBytes: number
    /** Whether the buckets of owners may be in private networks. */
    privateNetworks: boolean
  },
): Archives {
  const { config, backupKeyHex, reserveBytes, dispatch } = ports
  const { location, trustedKeys: trusted, intervalMs, deletedKeptMs } = config
  const openStorage =
    location && loadOnce(() => openAndCheck(() => openArchiveStorage(location, { reserveBytes })))
  const backupKey = backupKeyHex === undefined ? undefined : Buffer.from(backupKeyHex, 'hex')
  const all: RestorePorts = { ...ports, openStorage, backupKey, trusted }
  let running = 0
  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MAX_RUNNING)
      throw unavailable('Too many archives are being made, read or restored')
    running++
    return work().finally(() => running--)
  }
  const own = openOwnArchives(ports)
  return {
    ...{ own, isConfigured: openStorage !== undefined, intervalMs },
    mustBeConfigured: () => mustBeConfigured(all),
    create: (did, report) => bounded(() => createArchive(all, did, report)),
    list: async (did, more) => listArchives(await storageOf(all), did, trustedKeys(all, more)),
    verify: ({ did, archive, trusted: more }, report) =>
      bounded(async () => {
        const storage = await storageOf(all)
        const name = archive ?? (await newestArchive(storage, did))
        const verify = { storage, backupKey, trusted: trustedKeys(all, more), report }
        return verifyArchive(verify, { did, archive: name })
      }),
    drill: (input, report) =>
      bounded(() => drillArchive(all, { ...input, n: randomInt(2 ** 31) }, report)),
    restore: (input, report) => bounded(() => restoreArchive(all, input, report)),
    startRounds() {
      const stopOwn = own.startRounds()
      const stop = startArchiveRounds({
        ...{ ...all, intervalMs, deletedKeptMs },
        onFailed: (what) => notifyWebhooks(dispatch, 'archive.failed', what),
      })
      return () => {
        stopOwn()
        stop()
      }
    },
  }
}

async function openAndCheck<T extends { check(): Promise<void> }>(
  open: () => Promise<T>,
): Promise<T> {
  const storage = await open()
  await storage.check()
  return storage
}
