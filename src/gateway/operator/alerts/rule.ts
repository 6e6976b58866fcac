/** An alert rule of the console, and the values that rules check. */
import type { ArchiveHealth } from '#src/gateway/archives/archive-health.ts'
import type { StorageHealth } from '#src/gateway/operator/health.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'
import type { AlertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import type { AlertTexts as AlertCatalogue } from '#src/gateway/pages/operator/alerts/locales/en.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'
import type { LastBackup } from '#src/ports/last-backup.ts'
import type { LastDrill } from '#src/ports/last-drill.ts'

type AlertName =
  Extract<keyof AlertCatalogue, `what.${string}`> extends `what.${infer Name}` ? Name : never

export interface AlertInputs {
  /** Of the last hour, oldest first; the last is the newest. */
  samples: readonly Sample[]
  storage: StorageHealth
  storeLossS: number
  engine: { isHealthy: boolean; restarts: number } | undefined
  maxAwake: number
  relays: readonly RelayRow[]
  /** Undefined if accounts are not archived at intervals. */
  archives: ArchiveHealth | undefined
  oldestEventAt: number | undefined
  /** Undefined if none is known here. */
  lastBackup: LastBackup | undefined
  lastDrill: LastDrill | undefined
  now: number
}

/** What it is about and what to do are in the catalogue, as `what.<name>` and `advice.<name>`. */
export interface Rule {
  name: AlertName
  /** Undefined if it is not known. */
  evaluate(
    inputs: AlertInputs,
    last: Sample,
    words: AlertWords,
  ): { bad: boolean; value: string } | undefined
  path?: string
}

export const MB = 1_000_000
export const GB = 1_000 * MB
export const HOUR_MS = 3_600_000

/** The samples of the last five minutes. */
export function recent({ samples, now }: AlertInputs): readonly Sample[] {
  return samples.filter(({ at }) => at > now - 5 * 60_000)
}

export function sum(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.reduce((total, sample) => total + of(sample), 0)
}

export function perSecond(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return (
    sum(samples, of) /
    Math.max(
      sum(samples, ({ seconds }) => seconds),
      1,
    )
  )
}

/** Per second, from the first sample that has the value to the last. */
export function growth(samples: readonly Sample[], of: (sample: Sample) => number | null) {
  const known = samples.filter((sample) => of(sample) !== null)
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || last.at - first.at < HOUR_MS / 4)
    return undefined
  return ((of(last)! - of(first)!) * 1_000) / (last.at - first.at)
}
