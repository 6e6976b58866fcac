/** Metrics of the relays, from the answers that are kept. */
import { Gauge, type Registry } from 'prom-client'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'

export function relayProbe(registers: Registry[]): (rows: readonly RelayRow[] | undefined) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({
      name: `headwater_relay_${name}`,
      help,
      labelNames: ['relay', ...labelNames],
      registers,
    })
  const status = gauge('status', '1 for what a relay says of this server', ['status'])
  const accounts = gauge('accounts', 'Accounts of this server that a relay has')
  const asked = gauge('accounts_asked', 'Active accounts that a relay was asked for')
  const throttled = gauge('accounts_throttled', 'Of these, those that it throttles')
  const absent = gauge('accounts_absent', 'Of these, those that it does not know')
  const limit = gauge('account_limit', 'Accounts that a relay takes, as far as is known')
  const lag = gauge('lag_seconds', "Lag of a relay's last event behind the newest one here")
  const all = [status, accounts, asked, throttled, absent, limit, lag]
  return (rows = []) => {
    for (const each of all) each.reset()
    for (const row of rows) {
      const { relay } = row
      status.set({ relay, status: row.status }, 1)
      asked.set({ relay }, row.asked)
      throttled.set({ relay }, row.throttled)
      absent.set({ relay }, row.absent)
      if (row.accountsThere !== null) accounts.set({ relay }, row.accountsThere)
      if (row.limit !== null) limit.set({ relay }, row.limit)
      if (row.lagSeconds !== null) lag.set({ relay }, row.lagSeconds)
    }
  }
}
