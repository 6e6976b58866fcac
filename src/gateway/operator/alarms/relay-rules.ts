/** Rules about relays and webhooks. */
import { type Rule, seconds } from '#src/gateway/operator/alarms/rule.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'

export const relayRules: readonly Rule[] = [
  {
    name: 'HeadwaterRelayThrottles',
    what: 'Relays pass on what accounts write',
    look: ({ relays }) => {
      const throttled = worst(relays, (row) => row.throttled)
      return {
        bad: throttled > 0,
        value: throttled > 0 ? `${throttled} throttled` : 'none is throttled',
      }
    },
    advice:
      'A relay takes only so many accounts of a server. Send its operator the prepared request.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLimitNear',
    what: 'Relays have room for more accounts',
    look: ({ relays }) => {
      const near = relays.filter(
        ({ limit, accountsHere }) => limit !== null && (accountsHere ?? 0) >= 0.8 * limit,
      )
      return {
        bad: near.length > 0,
        value: near.length > 0 ? `${near[0]!.relay} takes ${near[0]!.limit}` : 'yes',
      }
    },
    advice: 'Ask for more before it is reached: the request is prepared.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayStatus',
    what: 'Relays crawl this server',
    look: ({ relays }) => {
      const odd = relays.filter(
        ({ status }) => !['active', 'idle', 'not asked yet'].includes(status),
      )
      const value = relays.length === 0 ? 'no relay is asked' : 'yes'
      return {
        bad: odd.length > 0,
        value: odd.length > 0 ? `${odd[0]!.status} at ${odd[0]!.relay}` : value,
      }
    },
    advice: 'offline: DNS, TLS, firewall. banned: ask its operator. unknown: request a crawl.',
    path: '/relays',
  },
  {
    name: 'HeadwaterRelayLag',
    what: 'Relays read what is new',
    look: ({ relays }) => {
      const lag = worst(relays, (row) => row.lagSeconds ?? 0)
      return { bad: lag > 3_600, value: lag > 3_600 ? `${seconds(lag)} behind` : 'yes' }
    },
    advice: 'Either it limits the events of this server, or it is not connected: request a crawl.',
    path: '/relays',
  },
  {
    name: 'HeadwaterWebhooksWait',
    what: 'Webhooks are acknowledged',
    look: (_, { oldestWaitingS, waiting }) => ({
      bad: oldestWaitingS > 3_600,
      value: `${waiting} wait`,
    }),
    advice:
      'An endpoint does not answer, or not with 2xx. Nothing is lost: it is tried again for three days.',
    path: '/webhooks',
  },
  {
    name: 'HeadwaterWebhookDisabled',
    what: 'No webhook was disabled',
    look: (_, { disabledEndpoints: n }) => ({ bad: n > 0, value: n > 0 ? String(n) : 'none' }),
    advice:
      'It has answered 410, or nothing but failures for five days. Mend it, then enable it: it goes on where it was.',
    path: '/webhooks',
  },
]

function worst(rows: readonly RelayRow[], of: (row: RelayRow) => number): number {
  return Math.max(0, ...rows.map(of))
}
