/**
 * `npm run simulate-shards`: how a sequencer and a directory in shards would behave, from what one of each was measured to
 * take. Prints the tables of docs/design/scale.md. Nothing of it is built.
 */
import { simulateCreations } from '#tests/load/shards/creations.ts'
import { simulateFirehose } from '#tests/load/shards/firehose.ts'
import { cpu } from '#tests/load/shards/measured.ts'

const SECONDS = 20
/** What waits longer than this at the end of so short a run would wait for ever. */
const BEHIND_MS = 2_000
const SHARDS = [1, 2, 4, 8, 16]
const EVENTS = [500, 1_000, 2_000, 4_000, 8_000, 16_000]
const CREATIONS = [50, 200, 800, 1_600, 3_200]
/** Of a gateway behind the given number of shards. */
const SUBSCRIBERS = [1, 200]
const BEHIND_GATEWAY = 8

function print(lines: string[][]): void {
  const [head = [], ...body] = lines
  const all = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...body]
  process.stdout.write(`${all.map((cells) => `| ${cells.join(' | ')} |\n`).join('')}\n`)
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/** p50 and p99 of the second half, in ms. */
function spread(delays: readonly number[]): string {
  const settled = delays.slice(delays.length / 2).sort((a, b) => a - b)
  if (at(settled, 0.99) > BEHIND_MS) return 'falls behind'
  return `${at(settled, 0.5).toFixed(0)} / ${at(settled, 0.99).toFixed(0)}`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

const columns = SHARDS.map((count) => (count === 1 ? '1 shard' : `${count} shards`))
print([
  [
    'events/s',
    ...columns,
    ...SUBSCRIBERS.map((count) => `sent to ${count}`),
    'cores for Node',
    'cores for engines',
  ],
  ...EVENTS.map((eventsPerSecond) => {
    const simulate = (shards: number, subscribers: number) =>
      simulateFirehose({ shards, eventsPerSecond, subscribers, seconds: SECONDS })
    return [
      number(eventsPerSecond),
      ...SHARDS.map((shards) => spread(simulate(shards, 0).merged)),
      ...SUBSCRIBERS.map((count) => spread(simulate(BEHIND_GATEWAY, count).sent)),
      (eventsPerSecond * (cpu.recordNodeMs / 1000)).toFixed(0),
      (eventsPerSecond * (cpu.recordEngineMs / 1000)).toFixed(0),
    ]
  }),
])
print([
  ['creations/s', ...columns, 'cores for Node', 'cores for engines'],
  ...CREATIONS.map((perSecond) => [
    number(perSecond),
    ...SHARDS.map((shards) => spread(simulateCreations(shards, perSecond, SECONDS))),
    (perSecond * (cpu.accountNodeMs / 1000)).toFixed(0),
    (perSecond * (cpu.accountEngineMs / 1000)).toFixed(0),
  ]),
])
