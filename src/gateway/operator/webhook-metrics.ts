/** Metrics of webhooks: attempts by how they ended, and what waits in this process. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export function webhookProbe(
  stats: Pick<WebhookStats, 'attempts' | 'now'>,
  registers: Registry[],
): () => void {
  const attempts = new Counter({
    name: 'headwater_webhook_attempts_total',
    help: 'Attempts to deliver a message: delivered, failed and to be tried again, given up',
    labelNames: ['result'],
    registers,
  })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `headwater_webhook_${name}`, help, registers })
  const waiting = gauge('waiting', 'Messages that have not been acknowledged')
  const oldest = gauge(
    'oldest_waiting_seconds',
    'Age of the oldest of them, without those of disabled endpoints',
  )
  const disabled = gauge('endpoints_disabled', 'Endpoints that were disabled because they failed')
  return () => {
    attempts.reset()
    for (const [result, count] of stats.attempts) attempts.inc({ result }, count)
    const now = stats.now()
    waiting.set(now.waiting)
    oldest.set(now.oldestAgeMs / 1_000)
    disabled.set(now.disabled)
  }
}
