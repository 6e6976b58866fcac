import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { newStats } from '#src/gateway/jetstream/stats.ts'
import { createMetrics, type MetricsPorts } from '#src/gateway/operator/metrics.ts'
import { sources } from '#tests/support/sources.ts'

const textOf = (path: string) => sources(path)[0]!.text
const prometheus = parse(textOf('deploy/observe/prometheus.yml'))
const alerts = parse(textOf('deploy/observe/alerts.yml'))
const rules = alerts.groups[0].rules as { alert: string; expr: string; annotations: object }[]
const dashboard = JSON.parse(textOf('deploy/observe/grafana-dashboard.json'))
const panels = dashboard.panels as Panel[]
const container = JSON.parse(textOf('rivet.json')).container

interface Panel {
  id: number
  title: string
  gridPos: { x: number; y: number }
  targets: { expr: string }[]
}

/** What Prometheus adds by itself. */
const ofPrometheus = ['up']

const expressions = [
  ...rules.map(({ expr }) => expr),
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]

/** The names of metrics in an expression, with the labels that it selects by. */
function selectorsOf(expr: string): { name: string; labels: string[] }[] {
  const found = expr.matchAll(/\b([a-z]\w*_\w+|up)\b(?!\s*\()(?:\{([^}]*)\})?/g)
  return [...found]
    .map(([, name, labels = '']) => ({
      name: name!,
      labels: [...labels.matchAll(/(\w+)[=!]/g)].map(([, label]) => label!),
    }))
    .filter(({ name }) => !name.endsWith('_over_time'))
}

/** The names of all series that /metrics prints, with their labels. */
async function printedSeries(): Promise<Map<string, Set<string>>> {
  const backup = { at: '2026-11-20T00:00:00.000Z', to: '/backups/1' }
  const health: MetricsPorts['health'] = {
    engine: { healthy: () => true, restarts: () => 0 },
    awake: () => ({ accounts: 1, max: 2, putToSleep: 1, backlog: 1 }),
    head: async () => 1,
    counts: async () => ({ accounts: { active: 1 }, reminders: 1 }),
    storage: async () => ({
      accountDb: true,
      sequencerDb: true,
      writable: true,
      blobs: true,
      complete: true,
    }),
    storeLoss: undefined,
    freeBytes: async () => 1,
    logSize: async () => ({ events: 1, oldestAt: 1, added: 1, bytes: 1 }),
    storeSize: async () => ({ bytes: 1, walBytes: 1 }),
    lastBackup: async () => ({ ...backup, ok: true, complete: backup }),
    lastDrill: async () => ({
      ...{ at: backup.at, from: backup.to, backupAt: backup.at },
      ...{ accounts: 1, verifiedRepos: 1, problems: [], ok: true },
    }),
    archives: async () => ({ failed: 1, drillsFailed: 1, lateSeconds: 1 }),
    relays: async () => [
      {
        relay: 'https://relay.example.com',
        status: 'active',
        ...{ accountsHere: 120, accountsThere: 121, asked: 119, active: 99, throttled: 19 },
        ...{ absent: 1, lagSeconds: 3, limit: 100, lastAsked: null },
      },
    ],
  }
  const firehose = { subscribers: () => 1, head: () => 1, lags: () => [0] }
  const realtime = {
    counts: () => ({ subscribers: 1, members: 1 }),
    eventsSent: 1,
    closedBy: new Map([['Closed', 1]]),
  }
  const metrics = createMetrics({
    ...{ firehose, health, jetstream: newStats(), realtime },
    unhandledRejections: () => 0,
    storeSyncs: { syncs: 1, seconds: 0.001 },
    webhooks: {
      attempts: new Map([['delivered', 1]]),
      now: () => ({ waiting: 1, oldestAgeMs: 1, disabled: 1 }),
    },
  })
  metrics.observe('com.atproto.server.describeServer', 200, 0.002)
  metrics.observeHttp('oauth', 200, 0.002)
  metrics.rateLimited('global-ip')
  const { text } = await metrics.render()
  const series = new Map<string, Set<string>>()
  for (const [, name, labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(name!) ?? new Set(['job', 'instance'])
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!)
    series.set(name!, known)
  }
  return series
}

describe('metrics', () => {
  it('every metric and label in the alert rules and the dashboard is one that /metrics prints', async () => {
    const series = await printedSeries()
    const used = expressions.flatMap(selectorsOf).filter(({ name }) => !ofPrometheus.includes(name))
    expect(used.length).toBeGreaterThan(rules.length)
    const unknown = used.filter(({ name }) => !series.has(name)).map(({ name }) => name)
    expect(unknown).toEqual([])
    const wrong = used.flatMap(({ name, labels }) =>
      labels.filter((label) => !series.get(name)!.has(label)).map((label) => `${name}.${label}`),
    )
    expect(wrong).toEqual([])
  })

  it('every metric of ours is on the dashboard or has an alert', async () => {
    const ours = [...(await printedSeries()).keys()]
      .filter((name) => name.startsWith('headwater_'))
      .map((name) => name.replace(/_(bucket|count|sum)$/, ''))
    const shown = expressions.join('\n')
    // It only ever rises: what it is good for is the lag, which is a metric of its own.
    const hidden = [...new Set(ours)].filter((name) => !shown.includes(name))
    expect(hidden).toEqual(['headwater_sequencer_head_seq'])
  })
})

describe('files', () => {
  it('alerts have a name of their own, an expression with balanced brackets and a summary', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, expr, annotations } of rules) {
      expect(Object.keys(annotations), alert).toEqual(['summary'])
      expect(expr.split('(').length, alert).toBe(expr.split(')').length)
    }
  })

  it('what-to-do-when.md has an entry for each alert, and names no other', () => {
    const named = textOf('docs/operate/what-to-do-when.md').match(/\*\*Headwater\w+\*\*/g)!
    const names = rules.map(({ alert }) => `**${alert}**`)
    expect([...named].sort()).toEqual(names.sort())
  })

  it('Prometheus scrapes the path, the port and the user of the server', () => {
    const [job] = prometheus.scrape_configs
    expect(job.job_name).toBe('headwater')
    expect(textOf('src/gateway/operator/operator-routes.ts')).toContain(`'${job.metrics_path}'`)
    expect(job.static_configs[0].targets).toEqual([`127.0.0.1:${container.port}`])
    expect(job.basic_auth.username).toBe('admin')
    expect(prometheus.rule_files).toEqual(['alerts.yml'])
  })

  it('panels of the dashboard have an id and a place of their own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)
    expect(new Set(places).size).toBe(panels.length)
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        expect(expr.split('(').length, title).toBe(expr.split(')').length)
      }
    }
  })
})
