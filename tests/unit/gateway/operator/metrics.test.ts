import { expect, it } from 'vitest'
import { createMetrics, type MetricsPorts } from '#src/gateway/operator/metrics.ts'

const vitals: MetricsPorts['health'] = {
  engine: { healthy: () => false, restarts: () => 3 },
  awake: () => ({ accounts: 12, backlog: 4 }),
  head: async () => 5_000_000,
  counts: async () => ({ accounts: { active: 9, deactivated: 1 }, reminders: 6 }),
  storage: async () => ({ accountDb: true, sequencerDb: true, writable: false, blobs: true }),
  freeBytes: async () => 1024,
}
const firehose = { subscribers: () => 2, head: () => 2_500_000, lags: () => [0.5, 40] }

async function values(ports: Partial<MetricsPorts['health']> = {}): Promise<Map<string, string>> {
  const metrics = createMetrics({ firehose, health: { ...vitals, ...ports } })
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
    accounts_awake: '12',
    outbox_backlog: '4',
    accounts_owing_events: '6',
    'accounts{status="active"}': '9',
    'accounts{status="deactivated"}': '1',
    engine_up: '0',
    engine_restarts_total: '3',
    sequencer_head: '5000000',
    firehose_lag_seconds: '2.5',
    firehose_subscribers: '2',
    firehose_subscriber_lag_seconds: '40',
    'storage_up{part="writable"}': '0',
    'storage_up{part="blobs"}': '1',
    data_free_bytes: '1024',
    'rate_limited_total{limit="global-ip"}': '1',
  })
  const count = 'xrpc_request_duration_seconds_count'
  expect(gauges.get(`${count}{method="com.atproto.server.describeServer",status="200"}`)).toBe('1')
  expect(gauges.get('http_request_duration_seconds_count{route="oauth",status="400"}')).toBe('1')
})

it('/metrics omits gauges whose source does not answer', async () => {
  const gauges = await values({ head: async () => undefined, counts: async () => undefined })
  expect(gauges.get('accounts{status="active"}')).toBeUndefined()
  expect(gauges.get('sequencer_head')).toBeUndefined()
  expect(gauges.get('accounts_awake')).toBe('12')
})
