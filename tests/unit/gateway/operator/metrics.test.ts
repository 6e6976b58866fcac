import { expect, it } from 'vitest'
import { createMetrics, type MetricsPorts } from '#src/gateway/operator/metrics.ts'

const health: MetricsPorts['health'] = {
  engine: { healthy: () => false, restarts: () => 3 },
  awake: () => ({ accounts: 12, max: 256, putToSleep: 7, backlog: 4 }),
  head: async () => 5_000_000,
  counts: async () => ({ accounts: { active: 9, deactivated: 1 }, reminders: 6 }),
  storage: async () => ({
    accountDb: true,
    sequencerDb: true,
    writable: false,
    blobs: true,
    complete: true,
  }),
  storeLoss: undefined,
  freeBytes: async () => 1024,
  logSize: async () => ({ events: 90, oldestAt: 1_700_000_000_500, added: 30, bytes: 8_192 }),
  storeSize: async () => ({ bytes: 70_000, walBytes: 6_000 }),
  lastBackup: async () => ({
    ...{ at: '2026-11-21T00:00:00.000Z', to: '/b/2', ok: false, error: 'no space' },
    complete: { at: '2026-11-20T00:00:00.000Z', to: '/b/1', bytes: 5 },
  }),
  lastDrill: async () => ({
    ...{ at: '2026-11-21T00:00:00.000Z', from: '/b/1', backupAt: '2026-11-20T00:00:00.000Z' },
    ...{ accounts: 3, verifiedRepos: 3, problems: [], ok: true },
  }),
  archives: async () => ({ failed: 1, drillsFailed: 2, lateSeconds: 3 }),
  relays: async () => [
    {
      relay: 'https://relay.example.com',
      status: 'active',
      ...{ accountsHere: 120, accountsThere: 121, asked: 119, active: 99, throttled: 19 },
      ...{ absent: 1, lagSeconds: 3, limit: 100, lastAsked: null },
    },
  ],
}
const firehose = { subscribers: () => 2, head: () => 2_500_000, lags: () => [0.5, 40] }

const storeSyncs = { syncs: 7, seconds: 0.25 }
const webhooks = {
  attempts: new Map([['delivered', 5] as const]),
  now: () => ({ waiting: 2, oldestAgeMs: 1_500, disabled: 1 }),
}

async function values(ports: Partial<MetricsPorts['health']> = {}): Promise<Map<string, string>> {
  const metrics = createMetrics({
    ...{ firehose, unhandledRejections: () => 2, storeSyncs, webhooks },
    health: { ...health, ...ports },
  })
  metrics.observe('com.atproto.server.describeServer', 200, 0.002)
  metrics.observeHttp('oauth', 400, 0.002)
  metrics.rateLimited('global-ip')
  const { text } = await metrics.render()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => line.split(/ (?=\S+$)/) as [string, string]))
}

it('/metrics has what alerts need', async () => {
  const gauges = await values()
  expect(Object.fromEntries(gauges)).toMatchObject({
    headwater_accounts_awake: '12',
    headwater_last_backup_seconds: '1795132800',
    headwater_last_backup_failed: '1',
    headwater_last_backup_drill_failed: '0',
    'headwater_webhook_attempts_total{result="delivered"}': '5',
    headwater_webhook_waiting: '2',
    headwater_webhook_oldest_waiting_seconds: '1.5',
    headwater_webhook_endpoints_disabled: '1',
    headwater_accounts_awake_max: '256',
    headwater_accounts_put_to_sleep_total: '7',
    headwater_outbox_pending_events: '4',
    headwater_accounts_with_undelivered_events: '6',
    'headwater_accounts{status="active"}': '9',
    'headwater_accounts{status="deactivated"}': '1',
    headwater_engine_up: '0',
    headwater_engine_restarts_total: '3',
    headwater_sequencer_head_seq: '5000000',
    headwater_firehose_lag_seconds: '2.5',
    headwater_firehose_subscribers: '2',
    headwater_firehose_subscriber_max_lag_seconds: '40',
    'headwater_storage_up{part="writable"}': '0',
    'headwater_storage_up{part="blobs"}': '1',
    headwater_data_free_bytes: '1024',
    headwater_store_bytes: '70000',
    headwater_store_wal_bytes: '6000',
    headwater_sequencer_events: '90',
    headwater_sequencer_events_added_total: '30',
    headwater_sequencer_bytes: '8192',
    headwater_sequencer_oldest_event_seconds: '1700000000.5',
    headwater_store_lost_seconds: '0',
    'headwater_relay_status{relay="https://relay.example.com",status="active"}': '1',
    'headwater_relay_accounts{relay="https://relay.example.com"}': '121',
    'headwater_relay_accounts_asked{relay="https://relay.example.com"}': '119',
    'headwater_relay_accounts_throttled{relay="https://relay.example.com"}': '19',
    'headwater_relay_accounts_absent{relay="https://relay.example.com"}': '1',
    'headwater_relay_account_limit{relay="https://relay.example.com"}': '100',
    'headwater_relay_lag_seconds{relay="https://relay.example.com"}': '3',
    headwater_unhandled_rejections_total: '2',
    headwater_store_syncs_total: '7',
    headwater_store_sync_seconds_total: '0.25',
    'headwater_rate_limited_requests_total{limit="global-ip"}': '1',
  })
  const count = 'headwater_xrpc_request_duration_seconds_count'
  expect(gauges.get(`${count}{method="com.atproto.server.describeServer",status="200"}`)).toBe('1')
  expect(
    gauges.get('headwater_http_request_duration_seconds_count{route="oauth",status="400"}'),
  ).toBe('1')
})

it('/metrics omits gauges whose source does not answer', async () => {
  const gauges = await values({
    head: async () => undefined,
    counts: async () => undefined,
    logSize: async () => undefined,
    storeSize: async () => undefined,
    archives: async () => undefined,
    relays: async () => undefined,
  })
  expect(gauges.get('headwater_store_bytes')).toBeUndefined()
  expect(gauges.get('headwater_sequencer_events')).toBeUndefined()
  expect(gauges.get('headwater_accounts{status="active"}')).toBeUndefined()
  expect(gauges.get('headwater_sequencer_head_seq')).toBeUndefined()
  expect(gauges.get('headwater_accounts_awake')).toBe('12')
})
