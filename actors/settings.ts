/** What the actors of a process are given, the same for all of them. */
import type { ImportSettings } from '#actors/import-limits.ts'
import type { Schemas } from '#actors/schemas.ts'
import type { Service } from '#src/account/account.ts'
import type { HistoryLimits } from '#src/account/history-window.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DiskSpace } from '#src/ports/disk-space.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export interface ActorSettings {
  service: Service
  /** The release of this process (src/release.ts). */
  release: number
  /** The migrations that this release knows. */
  schemas: Schemas
  keys: Keychain
  clock: Clock
  timer: Timer
  dispatch: Dispatch
  live: LiveActors
  /** The id of this process's data folder, in which no other process with actors can run. */
  processId: string
  log: Log
  blobs: BlobStorage
  imports: ImportSettings
  disk: Pick<DiskSpace, 'transaction'>
  /** Resolves when everything that was committed before the call survives a power failure. Is never rejected. */
  durable: () => Promise<void>
  /** Bytes that an account may have in blobs; undefined for any number. */
  blobQuotaBytes: number | undefined
  history: HistoryLimits
  /** Longest time that an upload waits for a record, in ms. */
  blobTempMaxAgeMs: number
  /** Where other processes of the server call the actors of this one directly; undefined if they do not. */
  peerAddress: () => Promise<string | undefined>
  /** Whether webhooks may be sent to private networks, by http and to any port. */
  privateNetworks: boolean
  /** What metrics say of the webhooks in this process. */
  webhookStats: WebhookStats
  /** The secret that callers must show. */
  internalToken: string
  /** How long an account stays awake without a call, in ms. */
  sleepTimeoutMs: number
  /** How many accounts may be awake in this process. */
  maxAwakeAccounts: number
  /** How long the firehose can be replayed, in ms. */
  backfillMs: number
}
