/** Rules about relays and webhooks. */
import { type Rule, seconds } from '#src/gateway/operator/alerts/rule.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'

export const relayRules: readonly Rule[] = [
  {
    name: 'HeadwaterRelayThrottles',
    what: 'Accounts throttled by relays',
    evaluate: ({ relays }) => {
      const throttled = worst(relays, (row) => row.throttled)
      return {
        bad: throttled > 0,
        value: throttled > 0 ? String(throttled) : 'none',
      }
    },
    advice:
      'A relay limits the number of accounts of a server. Send its operator the prepared request.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLimitNear',
    what: 'Account limits of relays',
    evaluate: ({ relays }) => {
      const near = relays.filter(
        ({ limit, accountsHere }) => limit !== null && (accountsHere ?? 0) >= 0.8 * limit,
      )
      return {
        bad: near.length > 0,
        value: near.length > 0 ? `close to ${near[0]!.limit} at ${near[0]!.relay}` : 'OK',
      }
    },
    advice: 'Ask for a higher limit before it is reached; the request is prepared.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayStatus',
    what: 'Status at relays',
    evaluate: ({ relays }) => {
      const odd = relays.filter(
        ({ status }) => !['active', 'idle', 'not asked yet'].includes(status),
      )
      const value = relays.length === 0 ? 'no relays configured' : 'OK'
      return {
        bad: odd.length > 0,
        value: odd.length > 0 ? `${odd[0]!.status} at ${odd[0]!.relay}` : value,
      }
    },
    advice:
      'offline: check DNS, TLS and the firewall. banned: ask its operator. unknown: request a crawl.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLag',
    what: 'Lag of relays',
    evaluate: ({ relays }) => {
      const lag = worst(relays, (row) => row.lagSeconds ?? 0)
      return { bad: lag > 3_600, value: lag > 3_600 ? seconds(lag) : 'OK' }
    },
    advice: 'The relay limits the events of this server, or is not connected. Request a crawl.',
    path: '/relays',
  },
  {
    name: 'HeadwaterWebhooksWait',
    what: 'Webhook deliveries waiting',
    evaluate: (_, { oldestWaitingS, waiting }) => ({
      bad: oldestWaitingS > 3_600,
      value: String(waiting),
    }),
    advice: 'An endpoint does not answer, or not with 2xx. Deliveries are retried for three days.',
    path: '/webhooks',
  },
  {
    name: 'HeadwaterWebhookDisabled',
    what: 'Disabled webhooks',
    evaluate: (_, { disabledEndpoints: n }) => ({ bad: n > 0, value: n > 0 ? String(n) : 'none' }),
    advice:
      'The endpoint answered 410, or only failures for five days. Fix it, then enable it: deliveries continue from where they stopped.',
    path: '/webhooks',
  },
]

function worst(rows: readonly RelayRow[], of: (row: RelayRow) => number): number {
  return Math.max(0, ...rows.map(of))
}
