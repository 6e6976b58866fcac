import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { alertsOf as alertsIn, inPrometheusOnly } from '#src/gateway/operator/alerts/alerts.ts'
import type { AlertInputs } from '#src/gateway/operator/alerts/rule.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'
import { englishWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'
import type { LastBackup } from '#src/ports/last-backup.ts'
import type { LastDrill } from '#src/ports/last-drill.ts'
import { sources } from '#tests/support/sources.ts'

const now = Date.UTC(2026, 10, 20)
const well: Sample = {
  ...{ at: now, seconds: 30, calls: 100, failed: 0, failedElsewhere: 0, failedPages: 0 },
  ...{ rateLimited: 0, unhandled: 0, p50: 1, p99: 9, lateMs: 20, events: 3 },
  ...{ awake: 5, putToSleep: 0, backlog: 0, lag: 0, slowest: 0, subscribers: 1 },
  ...{ delivered: 1, notDelivered: 0, waiting: 0, oldestWaitingS: 0, disabledEndpoints: 0 },
  ...{ syncMs: 2, freeBytes: 1e12, storeBytes: 1e9, walBytes: 1e7, accounts: 5, undelivered: 0 },
}
const relay: RelayRow = {
  ...{ relay: 'https://relay.example', status: 'active', accountsHere: 5, accountsThere: 5 },
  ...{ asked: 5, active: 5, throttled: 0, absent: 0, lagSeconds: 1, limit: 100, lastAsked: null },
}

function backedUp(days: number): LastBackup {
  const complete = { at: new Date(now - days * 86_400_000).toISOString(), to: '/backups/one' }
  return { ...complete, ok: true, complete }
}

/** An hour of samples, the last of which are as given; everything else is well. */
function drilled(problems: string[]): LastDrill {
  const at = new Date(now).toISOString()
  const found = { accounts: 3, verifiedRepos: 3, problems, ok: problems.length === 0 }
  return { at, from: '/b/1', backupAt: at, ...found }
}

function inputs(last: Partial<Sample> = {}, more: Partial<AlertInputs> = {}): AlertInputs {
  const samples = Array.from({ length: 120 }, (_, i) => ({ ...well, at: now - (119 - i) * 30_000 }))
  const recent = samples.map((one, i) => (i < 110 ? one : { ...one, ...last }))
  const storage = {
    accountDb: true,
    sequencerDb: true,
    writable: true,
    blobs: true,
    complete: true,
  }
  return {
    ...{ samples: recent, storage, storeLossS: 0, engine: { isHealthy: true, restarts: 0 } },
    ...{ maxAwake: 100, relays: [relay], oldestEventAt: now - 3_600_000, now },
    lastBackup: backedUp(1),
    lastDrill: drilled([]),
    ...{ archives: { failed: 0, drillsFailed: 0, lateSeconds: 0 }, ...more },
  }
}

const alertsOf = (all: AlertInputs) => alertsIn(all, englishWords)

const badOf = (all: AlertInputs) =>
  alertsOf(all)
    .filter(({ state }) => state === 'bad')
    .map(({ name }) => name.replace('Headwater', ''))

it('every alert rule is one of the console, by the same name', () => {
  const alerts = parse(sources('deploy/observe/alerts.yml')[0]!.text)
  const names = (alerts.groups[0].rules as { alert: string }[]).map(({ alert }) => alert)
  const known = alertsOf(inputs()).map(({ name }) => name)
  expect([...known, ...inPrometheusOnly].sort()).toEqual(names.sort())
})

it('nothing is bad if all is well, and nothing is said to be good that is not known', () => {
  expect(badOf(inputs())).toEqual([])
  expect(alertsOf(inputs()).every(({ state }) => state === 'good')).toBe(true)
  const unknown = inputs({ freeBytes: null, storeBytes: null, walBytes: null, lag: null })
  expect(
    alertsOf(unknown)
      .filter(({ state }) => state === 'unknown')
      .map(({ name }) => name),
  ).toEqual(
    expect.arrayContaining(['HeadwaterDiskLow', 'HeadwaterLongLog', 'HeadwaterFirehoseLag']),
  )
  const none = alertsOf(inputs({}, { lastBackup: undefined, lastDrill: undefined }))
  const unknownOnes = none.filter(({ state }) => state === 'unknown').map(({ name }) => name)
  expect(unknownOnes).toEqual([
    ...['HeadwaterBackupOld', 'HeadwaterBackupFailed', 'HeadwaterBackupDrillFailed'],
  ])
  expect(alertsOf({ ...inputs(), samples: [] }).every(({ state }) => state === 'unknown')).toBe(
    true,
  )
})

it.each<[name: string, last: Partial<Sample>, more?: Partial<AlertInputs>]>([
  ['EngineDown', {}, { engine: { isHealthy: false, restarts: 1 } }],
  ['EngineRestarts', {}, { engine: { isHealthy: true, restarts: 3 } }],
  ['StorageDown', {}, { storage: { ...inputs().storage, blobs: false } }],
  ['StoreLostItsEnd', {}, { storeLossS: 3 }],
  ['BackupOld', {}, { lastBackup: backedUp(4) }],
  ['BackupDrillFailed', {}, { lastDrill: drilled(['a repo differs']) }],
  ['BackupFailed', {}, { lastBackup: { ...backedUp(1), ok: false, error: 'no space' } }],
  ['DiskLow', { freeBytes: 1.9e9 }],
  ['DiskFullInAMonth', { storeBytes: 3e9 }],
  ['LongLog', { walBytes: 5e8 }],
  ['EventsNotTrimmed', {}, { oldestEventAt: now - 49 * 3_600_000 }],
  ['TooManyAwake', { awake: 111 }],
  ['AccountsPutToSleep', { putToSleep: 900 }],
  ['SyncsSlow', { syncMs: 51 }],
  ['EventsNotSequenced', { backlog: 101 }],
  ['UndeliveredEvents', { undelivered: 61 }],
  ['FirehoseLag', { lag: 11 }],
  ['SubscriberLag', { slowest: 61 }],
  ['RelayThrottles', {}, { relays: [{ ...relay, throttled: 1 }] }],
  ['RelayLimitNear', {}, { relays: [{ ...relay, accountsHere: 80 }] }],
  ['RelayStatus', {}, { relays: [{ ...relay, status: 'banned' }] }],
  ['RelayLag', {}, { relays: [{ ...relay, lagSeconds: 3_601 }] }],
  ['ArchivesFail', {}, { archives: { failed: 1, drillsFailed: 0, lateSeconds: 0 } }],
  ['ArchiveDrillsFail', {}, { archives: { failed: 0, drillsFailed: 1, lateSeconds: 0 } }],
  ['ArchivesLate', {}, { archives: { failed: 0, drillsFailed: 0, lateSeconds: 21_601 } }],
  ['WebhooksWait', { oldestWaitingS: 3_601 }],
  ['WebhookDisabled', { disabledEndpoints: 1 }],
  ['Errors', { failed: 2 }],
  ['ErrorsOfOtherServices', { failedElsewhere: 11 }],
  ['PageErrors', { failedPages: 2 }],
  ['Overloaded', { lateMs: 501 }],
  ['RateLimited', { rateLimited: 900 }],
  ['UnhandledRejections', { unhandled: 1 }],
])('%s is bad alone, and first, with what to do', (name, last, more) => {
  const all = inputs(last, more)
  const bad = badOf(all)
  // A disk that loses so much in five minutes is also full in a day.
  const expected = name === 'DiskLow' ? [name, 'DiskFullInADay'] : [name]
  expect(bad).toEqual(expected)
  expect(alertsOf(all)[0]?.advice).toMatch(/\w/)
})
