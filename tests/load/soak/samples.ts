/** What the soak test measures again and again, as a table, and whether it has reached a plateau. */
import { readFileSync } from 'node:fs'
import { quantiles } from '../../../bench/measure.ts'
import type { Traffic } from './traffic.ts'

export interface Sample {
  minute: number
  /** Events added to the log since the start, and events in it. */
  events: number
  kept: number
  rewrites: number
  created: number
  deleted: number
  awake: number
  /** MB. */
  store: number
  wal: number
  log: number
  server: number
  engine: number
  /** Milliseconds. */
  write: number
  write99: number
  wake: number
  create: number
  errors: number
}

const heads: Record<keyof Sample, string> = {
  ...{ minute: 'minute', events: 'events', kept: 'kept', rewrites: 'rewrites' },
  ...{ created: 'created', deleted: 'deleted', awake: 'awake' },
  ...{ store: 'store MB', wal: 'WAL MB', log: 'log MB', server: 'server MB', engine: 'engine MB' },
  ...{ write: 'write p50 ms', write99: 'p99', wake: 'wake p50', create: 'create p50' },
  errors: 'errors',
}
const columns = Object.keys(heads) as (keyof Sample)[]

/** Values that must stop to grow, and by how much their median may grow from the second third to the last. */
const plateaus: Partial<Record<keyof Sample, number>> = {
  ...{ kept: 1.5, store: 1.5, log: 1.5, server: 1.25, engine: 1.25, write: 1.5, wake: 1.5 },
}

export async function takeSample(
  url: string,
  pids: { server: number; engine: number },
  startedAt: number,
  traffic: Traffic,
): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const metric = (name: string) =>
    Number(new RegExp(`^headwater_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  const { write, wake, create } = traffic.takeLatencies()
  const { rewrites, created, deleted } = traffic.counts
  return {
    minute: (performance.now() - startedAt) / 60_000,
    events: metric('sequencer_events_added_total'),
    kept: metric('sequencer_events'),
    ...{ rewrites, created, deleted },
    awake: metric('accounts_awake'),
    store: metric('store_bytes') / 1e6,
    wal: metric('store_wal_bytes') / 1e6,
    log: metric('sequencer_bytes') / 1e6,
    server: residentMb(pids.server),
    engine: residentMb(pids.engine),
    write: quantiles(write).p50,
    write99: quantiles(write).p99,
    wake: quantiles(wake).p50,
    create: quantiles(create).p50,
    errors: traffic.errors.length,
  }
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

export function tableHead(): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return `${line(columns.map((column) => heads[column]))}\n${line(columns.map(() => '---:'))}`
}

export function tableRow(sample: Sample): string {
  const cell = (value: number) =>
    Number.isInteger(value) || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)
  return `| ${columns.map((column) => cell(sample[column])).join(' | ')} |`
}

/** What has not reached a plateau, in words; empty if everything has. */
export function growing(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3)
  const medianOf = (from: number, column: keyof Sample) =>
    quantiles(samples.slice(from, from + third).map((sample) => sample[column])).p50
  return Object.entries(plateaus).flatMap(([name, most]) => {
    const column = name as keyof Sample
    const [before, after] = [medianOf(third, column), medianOf(2 * third, column)]
    const ratio = after / before
    return ratio > most ? [`${heads[column]}: ${before.toFixed(1)} to ${after.toFixed(1)}`] : []
  })
}
