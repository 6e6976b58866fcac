/** The stream of events and Jetstream on a log in memory: what each row costs the gateway in CPU time. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventStream } from '#src/gateway/events/event-stream.ts'
import type { Sink } from '#src/gateway/events/subscription.ts'
import { FanOut } from '#src/gateway/firehose/fan-out.ts'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { isUpgradeTo } from '#src/gateway/http/upgrades.ts'
import { currentDictionary } from '#src/gateway/jetstream/dictionaries.ts'
import { eventsEncoding, legacyEncoding } from '#src/gateway/jetstream/encodings.ts'
import { CompressedWire, plainWire, type Wire } from '#src/gateway/jetstream/wire.ts'
import { openStreams, streamPaths } from '#src/gateway/open-streams.ts'
import type { Log } from '#src/log.ts'
import { EventLog } from './event-log.ts'

const log = { debug() {}, info() {}, warn: console.warn, error: console.error } as unknown as Log
const didOf = (n: number) => `did:plc:${n.toString(36).padStart(24, '0')}`

async function eventStream(source: EventLog): Promise<{ events: EventStream; fanOut: FanOut }> {
  const fanOut = new FanOut({ source, log })
  const events = new EventStream({ fanOut, source, findHidden: async () => new Set<string>() })
  void fanOut.run()
  await events.ready()
  return { events, fanOut }
}

/** In seconds. */
function cpu(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

function print(row: string, ...figures: string[]): void {
  console.log(`${row.padEnd(60)} ${figures.join(', ')}`)
}

const perSecond = (count: number, seconds: number) =>
  `${Math.round(count / seconds).toLocaleString('en')} /s`

/** Releases `perSecond` events a second, in pages as the sequencer gives them under load. */
async function load(source: EventLog, total: number, perSecond: number): Promise<void> {
  const begin = performance.now()
  for (let released = 0; released < total; ) {
    const due = Math.floor(((performance.now() - begin) / 1000) * perSecond) - released
    source.release(due)
    released += due
    await sleep(5)
  }
}

async function delivery(subscribers: number, eventsPerSecond: number): Promise<void> {
  const source = new EventLog()
  const server = createServer({ shouldUpgradeCallback: isUpgradeTo(streamPaths) })
  const directory = { accounts: { getInfos: async () => [] } }
  const streams = openStreams(server, {
    ...{ dispatch: { sequencer: { log: source }, directory }, log, exempt: ['127.0.0.1'] },
    settings: { maxBuffer: 500, maxSubscribers: subscribers, stallTimeoutMs: 60_000 },
    addressOf: clientAddress([]),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = fork(join(import.meta.dirname, 'jetstream-subscribers.ts'))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/subscribe`
  child.send({ url, subscribers })
  await once(child, 'message')
  const total = 5 * eventsPerSecond
  source.prepare(Array.from({ length: total }, (_, n) => didOf(n % 50)))
  const [before, begin] = [process.cpuUsage(), performance.now()]
  await load(source, total, eventsPerSecond)
  child.send({ expected: total * subscribers })
  const [messages] = (await once(child, 'message')) as [number]
  const seconds = (performance.now() - begin) / 1000
  const cores = cpu(before) / seconds
  child.kill()
  await streams.close()
  server.close()
  print(
    `/subscribe, ${subscribers} subscribers, ${eventsPerSecond} events/s`,
    perSecond(messages, seconds),
    `${(cores * 100).toFixed(0)}% of a core`,
    `${((cores * seconds * 1e6) / messages).toFixed(1)} µs a message`,
    `${total * subscribers - messages} lost`,
  )
}

async function matching(subscribers: number, eventsPerSecond: number): Promise<void> {
  const source = new EventLog()
  const { events, fanOut } = await eventStream(source)
  let given = 0
  for (let n = 0; n < subscribers; n++) {
    const sink: Sink = {
      send(batch) {
        given += batch.events.length
        return true
      },
      onTooSlow() {},
      onError: console.error,
    }
    events.subscribe({ filter: { dids: new Set([didOf(n)]) }, sink })
  }
  const total = 5 * eventsPerSecond
  source.prepare(Array.from({ length: total }, (_, n) => didOf(n % subscribers)))
  const before = process.cpuUsage()
  await load(source, total, eventsPerSecond)
  await sleep(50)
  fanOut.close()
  print(
    `${subscribers} subscribers of an account each, ${eventsPerSecond} events/s`,
    `${((cpu(before) / 5) * 100).toFixed(1)}% of a core`,
    `${total - given} lost`,
  )
}

async function replay(name: string, wire: Wire, source: EventLog, total: number): Promise<void> {
  const { events, fanOut } = await eventStream(source)
  const before = process.cpuUsage()
  let messages = 0
  let bytes = 0
  await new Promise<void>((resolve, reject) => {
    const sink: Sink = {
      send(batch) {
        const written = wire.write(batch)
        void Promise.resolve(written).then((given) => {
          messages += given.messages
          bytes += given.payloadBytes
          if (messages === total) resolve()
          subscription.resume()
        })
        return false
      },
      onTooSlow: () => reject(new Error('too slow')),
      onError: reject,
    }
    const subscription = events.subscribe({ filter: {}, after: 0, sink })
  })
  fanOut.close()
  wire.close()
  print(
    `replay, ${name}`,
    `${perSecond(messages, cpu(before))} and core`,
    `${Math.round(bytes / messages)} B a message`,
  )
}

await delivery(200, 500)
await delivery(200, 1_000)
await matching(10_000, 1_000)
const source = new EventLog()
const total = 20_000
source.prepare(Array.from({ length: total }, (_, n) => didOf(n % 50)))
source.release(total)
for (let round = 0; round < 2; round++) {
  await replay('/subscribe', plainWire(legacyEncoding), source, total)
  await replay('subscribeEvents', plainWire(eventsEncoding), source, total)
  const current = currentDictionary()
  if (current === undefined) continue
  const wire = new CompressedWire(eventsEncoding, current.bytes)
  await replay('subscribeEvents, compressed', wire, source, total)
}
process.exit(0)
