/** Rules about relays and webhooks. */
import type { Rule } from '#src/gateway/operator/alerts/rule.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'

export const relayRules: readonly Rule[] = [
  {
    name: 'HeadwaterRelayThrottles',
    evaluate: ({ relays }, _, { text, number }) => {
      const throttled = worst(relays, (row) => row.throttled)
      return {
        bad: throttled > 0,
        value: throttled > 0 ? number(throttled) : text('none'),
      }
    },
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLimitNear',
    evaluate: ({ relays }, _, { text }) => {
      const [near] = relays.filter(
        ({ limit, accountsHere }) => limit !== null && (accountsHere ?? 0) >= 0.8 * limit,
      )
      const value =
        near === undefined
          ? text('ok')
          : text('closeTo', { limit: near.limit ?? '', relay: near.relay })
      return { bad: near !== undefined, value }
    },
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayStatus',
    evaluate: ({ relays }, _, { text, relayStatus }) => {
      const [odd] = relays.filter(
        ({ status }) => !['active', 'idle', 'not asked yet'].includes(status),
      )
      const value = relays.length === 0 ? text('noRelays') : text('ok')
      if (odd === undefined) return { bad: false, value }
      const status = relayStatus(odd.status)
      return { bad: true, value: text('statusAt', { status, relay: odd.relay }) }
    },
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLag',
    evaluate: ({ relays }, _, { text, unit }) => {
      const lag = worst(relays, (row) => row.lagSeconds ?? 0)
      return {
        bad: lag > 3_600,
        value: lag > 3_600 ? unit(lag / 3_600, 'hour', 'long') : text('ok'),
      }
    },
    path: '/relays',
  },
  {
    name: 'HeadwaterWebhooksWait',
    evaluate: (_, { oldestWaitingS, waiting }, { number }) => ({
      bad: oldestWaitingS > 3_600,
      value: number(waiting),
    }),
    path: '/webhooks',
  },
  {
    name: 'HeadwaterWebhookDisabled',
    evaluate: (_, { disabledEndpoints: n }, { text, number }) => ({
      bad: n > 0,
      value: n > 0 ? number(n) : text('none'),
    }),
    path: '/webhooks',
  },
]

function worst(rows: readonly RelayRow[], of: (row: RelayRow) => number): number {
  return Math.max(0, ...rows.map(of))
}
