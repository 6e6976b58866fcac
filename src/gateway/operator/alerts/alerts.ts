/**
 * The alert rules of deploy/observe/alerts.yml as the console evaluates them: their current state, and what to do. Prometheus
 * waits before it alerts; the console does not.
 */
import { archiveRules } from '#src/gateway/operator/alerts/archive-rules.ts'
import { backupRules } from '#src/gateway/operator/alerts/backup-rules.ts'
import { callRules } from '#src/gateway/operator/alerts/call-rules.ts'
import { eventRules } from '#src/gateway/operator/alerts/event-rules.ts'
import { relayRules } from '#src/gateway/operator/alerts/relay-rules.ts'
import type { AlertInputs } from '#src/gateway/operator/alerts/rule.ts'
import { storageRules } from '#src/gateway/operator/alerts/storage-rules.ts'
import type { AlertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'

export interface Alert {
  /** That of the alert. */
  name: string
  what: string
  state: 'good' | 'bad' | 'unknown'
  value: string
  /** What to do if it is bad. */
  advice: string
  /** A page of the console that has more. */
  path?: string
}

const rules = [
  ...[...storageRules, ...backupRules, ...archiveRules],
  ...[...callRules, ...eventRules, ...relayRules],
]

/** Alerts that a process cannot evaluate about itself. */
export const inPrometheusOnly: readonly string[] = ['HeadwaterDown']

/** The bad ones first. */
export function alertsOf(inputs: AlertInputs, words: AlertWords): Alert[] {
  const { text } = words
  const last = inputs.samples.at(-1)
  const alerts = rules.map(({ name, path, evaluate }): Alert => {
    const found = last && evaluate(inputs, last, words)
    const state = found === undefined ? 'unknown' : found.bad ? 'bad' : 'good'
    const value = found?.value ?? text('noData')
    const [what, advice] = [text(`what.${name}`), text(`advice.${name}`)]
    return { name, what, advice, state, value, ...(path !== undefined && { path }) }
  })
  const order = { bad: 0, good: 1, unknown: 2 }
  return alerts.toSorted((a, b) => order[a.state] - order[b.state])
}
