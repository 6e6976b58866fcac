/** The values that the alert rules of the overview check. */
import type { AlertInputs } from '#src/gateway/operator/alerts/rule.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'

const HOUR_MS = 3_600_000

export async function alertInputsOf({
  health,
  samples,
  server,
  clock,
}: ConsolePorts): Promise<AlertInputs> {
  const [latest, storage, log, counts, lastBackup, lastDrill, archives] = await Promise.all([
    samples.latest(),
    health.storage(),
    health.logSize(),
    health.counts(),
    health.lastBackup(),
    health.lastDrill(),
    health.archives(),
  ])
  const relays = await server.relays
    .rows(counts && (counts.accounts['active'] ?? 0))
    .catch(() => [])
  const { notedSeq = 0, foundSeq = 0 } = health.storeLoss ?? {}
  const { engine } = health
  return {
    // The latest counts since the last of the others.
    samples: [...samples.since(HOUR_MS).filter(({ at }) => at < latest.at), latest],
    ...{ storage, relays, archives },
    storeLossS: (notedSeq - foundSeq) / 1e6,
    engine: engine && { isHealthy: engine.healthy(), restarts: engine.restarts() },
    maxAwake: health.awake().max,
    oldestEventAt: log?.oldestAt ?? undefined,
    lastBackup,
    lastDrill,
    now: clock.now(),
  }
}
