/**
 * The alert rules of deploy/observe/alerts.yml as the console looks at them: what each says now, and what to do. A rule of
 * Prometheus waits before it rings; here it is red at once.
 */
import { callRules } from '#src/gateway/operator/alarms/call-rules.ts'
import { eventRules } from '#src/gateway/operator/alarms/event-rules.ts'
import { relayRules } from '#src/gateway/operator/alarms/relay-rules.ts'
import type { Vitals } from '#src/gateway/operator/alarms/rule.ts'
import { storageRules } from '#src/gateway/operator/alarms/storage-rules.ts'

export interface Alarm {
  /** The alert's. */
  name: string
  what: string
  state: 'good' | 'bad' | 'unknown'
  value: string
  /** For what is bad. */
  advice: string
  /** A page of the console that has more. */
  path?: string
}

const rules = [...storageRules, ...callRules, ...eventRules, ...relayRules]

/** If it rings, this process does not answer. */
export const inPrometheusOnly: readonly string[] = ['HeadwaterDown']

/** The bad ones first. */
export function alarmsOf(vitals: Vitals): Alarm[] {
  const last = vitals.samples.at(-1)
  const alarms = rules.map(({ name, what, advice, path, look }): Alarm => {
    const found = last && look(vitals, last)
    const state = found === undefined ? 'unknown' : found.bad ? 'bad' : 'good'
    const value = found?.value ?? 'not known yet'
    return { name, what, advice, state, value, ...(path !== undefined && { path }) }
  })
  const order = { bad: 0, good: 1, unknown: 2 }
  return alarms.toSorted((a, b) => order[a.state] - order[b.state])
}
