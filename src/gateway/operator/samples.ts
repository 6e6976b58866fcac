/**
 * Samples of this process for the charts of the console: one in half a minute, of the last day, in memory. A restart loses
 * them; what is to be kept longer is for Prometheus.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CallTimes } from '#src/gateway/operator/call-times.ts'
import type { AccountCounts, Health } from '#src/gateway/operator/health.ts'
import type { Metrics, SyncTotal } from '#src/gateway/operator/metrics.ts'
import type { Clock } from '#src/ports/clock.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

/** Null is for what was not known. Counts are since the sample before. */
export interface Sample {
  at: number
  /** Since the sample before. */
  seconds: number
  calls: number
  /** Failures among these: of this server, and of other services. */
  failed: number
  failedElsewhere: number
  failedPages: number
  rateLimited: number
  unhandled: number
  /** ms */
  p50: number | null
  p99: number | null
  /** Of the event loop. */
  lateMs: number
  /** New ones in the firehose log, of the whole server. */
  events: number | null
  awake: number
  putToSleep: number
  backlog: number
  /** Seconds: of this gateway behind the sequencer, and of the slowest subscriber behind this gateway. */
  lag: number | null
  slowest: number
  subscribers: number
  delivered: number
  notDelivered: number
  waiting: number
  oldestWaitingS: number
  disabledEndpoints: number
  /** The time of a sync of the store. */
  syncMs: number | null
  freeBytes: number | null
  storeBytes: number | null
  walBytes: number | null
  accounts: number | null
  undelivered: number | null
}

export interface SamplePorts {
  health: Pick<Health, 'awake' | 'head' | 'logSize' | 'freeBytes' | 'storeSize'>
  /** Not those of the health, which are kept for a minute: what others read would be older for it. */
  counts(): Promise<AccountCounts>
  firehose: { subscribers(): number; head(): number; lags(): number[] }
  webhooks: Pick<WebhookStats, 'attempts' | 'now'>
  storeSyncs: SyncTotal | undefined
  unhandledRejections(): number
  clock: Clock
}

const EVERY_MS = 30_000
const KEPT_MS = 24 * 60 * 60_000
/** Expensive values are read for every tenth sample. */
const SLOW_EVERY = 10
const FRESH_MS = 4_000

const none = { accounts: null, undelivered: null, storeBytes: null, walBytes: null }
const notCounted = { calls: 0, failed: 0, failedElsewhere: 0, failedPages: 0, rateLimited: 0 }

export class Samples {
  readonly #ports: SamplePorts
  readonly #times = new CallTimes()
  readonly #loop = monitorEventLoopDelay({ resolution: 20 })
  #counted = { ...notCounted }
  #kept: Sample[] = []
  #slow: Pick<Sample, keyof typeof none> = none
  #taken = 0
  #before: { at: number } & Totals
  #latest: Sample | undefined

  constructor(ports: SamplePorts) {
    this.#ports = ports
    this.#before = { at: ports.clock.now(), ...this.#totals(undefined) }
  }

  /** Counts what is observed there too. */
  watch(metrics: Metrics): Metrics {
    return {
      ...metrics,
      observe: (method, status, seconds) => {
        metrics.observe(method, status, seconds)
        this.#counted.calls += 1
        if (status === 502) this.#counted.failedElsewhere += 1
        else if (status >= 500 && status !== 501) this.#counted.failed += 1
        this.#times.add(seconds)
      },
      observeHttp: (route, status, seconds) => {
        metrics.observeHttp(route, status, seconds)
        if (status >= 500) this.#counted.failedPages += 1
      },
      rateLimited: (limit) => {
        metrics.rateLimited(limit)
        this.#counted.rateLimited += 1
      },
    }
  }

  /** Returns a function that stops it. */
  start(timer: Timer, onError: (error: unknown) => void): () => void {
    this.#loop.enable()
    const stop = startPeriodicTask(timer, async () => {
      await this.take().catch(onError)
      return EVERY_MS
    })
    return () => {
      stop()
      this.#loop.disable()
    }
  }

  /** As it is now, at most some seconds old; it is not kept. */
  async latest(): Promise<Sample> {
    const now = this.#ports.clock.now()
    if (this.#latest === undefined || now - this.#latest.at >= FRESH_MS) {
      this.#latest = await this.#measure(false)
    }
    return this.#latest
  }

  /** Oldest first, of the last `ms`. */
  since(ms: number): readonly Sample[] {
    const from = this.#ports.clock.now() - ms
    return this.#kept.filter(({ at }) => at >= from)
  }

  async take(): Promise<Sample> {
    const isSlow = this.#taken % SLOW_EVERY === 0
    this.#taken += 1
    if (isSlow) this.#slow = await this.#askSlowly()
    const sample = await this.#measure(true)
    const from = sample.at - KEPT_MS
    this.#kept = [...this.#kept.filter(({ at }) => at > from), sample]
    this.#latest = sample
    return sample
  }

  /** `isKept`: the next one counts from here. */
  async #measure(isKept: boolean): Promise<Sample> {
    const { health, firehose, webhooks, clock } = this.#ports
    const [head, log, freeBytes] = await Promise.all([
      health.head(),
      health.logSize(),
      health.freeBytes(),
    ])
    const at = clock.now()
    const totals = this.#totals(log?.added)
    const before = this.#before
    const { accounts, backlog } = health.awake()
    const { waiting, oldestAgeMs, disabled } = webhooks.now()
    const { p50 = null, p99 = null } = this.#times.percentiles() ?? {}
    const syncs = totals.syncs - before.syncs
    const events =
      totals.added === null || before.added === null ? null : totals.added - before.added
    const sample: Sample = {
      at,
      seconds: Math.max((at - before.at) / 1_000, 0.001),
      ...this.#counted,
      ...{ p50, p99, lateMs: this.#lateMs() },
      unhandled: totals.unhandled - before.unhandled,
      // It counts from the start of the sequencer.
      events: events !== null && events < 0 ? null : events,
      ...{ awake: accounts, backlog, putToSleep: totals.putToSleep - before.putToSleep },
      lag: head === undefined ? null : Math.max(0, head - firehose.head()) / 1e6,
      slowest: Math.max(0, ...firehose.lags()),
      subscribers: firehose.subscribers(),
      delivered: totals.delivered - before.delivered,
      notDelivered: totals.notDelivered - before.notDelivered,
      ...{ waiting, oldestWaitingS: oldestAgeMs / 1_000, disabledEndpoints: disabled },
      syncMs: syncs > 0 ? ((totals.syncSeconds - before.syncSeconds) * 1_000) / syncs : null,
      freeBytes: freeBytes ?? null,
      ...this.#slow,
    }
    if (isKept) {
      this.#before = { at, ...totals }
      this.#counted = { ...notCounted }
      this.#times.reset()
      this.#loop.reset()
    }
    return sample
  }

  async #askSlowly(): Promise<Pick<Sample, keyof typeof none>> {
    const { health, counts: count } = this.#ports
    const [counts, store] = await Promise.all([count().catch(() => undefined), health.storeSize()])
    return {
      accounts: counts?.accounts['active'] ?? null,
      undelivered: counts?.reminders ?? null,
      storeBytes: store?.bytes ?? null,
      walBytes: store?.walBytes ?? null,
    }
  }

  #lateMs(): number {
    return this.#loop.count === 0 ? 0 : this.#loop.percentile(99) / 1e6
  }

  #totals(added: number | undefined): Totals {
    const { health, webhooks, storeSyncs, unhandledRejections } = this.#ports
    const { attempts } = webhooks
    return {
      added: added ?? null,
      putToSleep: health.awake().putToSleep,
      unhandled: unhandledRejections(),
      delivered: attempts.get('delivered') ?? 0,
      notDelivered: (attempts.get('failed') ?? 0) + (attempts.get('given up') ?? 0),
      syncs: storeSyncs?.syncs ?? 0,
      syncSeconds: storeSyncs?.seconds ?? 0,
    }
  }
}

/** Since the start of the process, or of the sequencer. */
interface Totals {
  added: number | null
  putToSleep: number
  unhandled: number
  delivered: number
  notDelivered: number
  syncs: number
  syncSeconds: number
}
