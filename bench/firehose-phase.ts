/** Measures the delivery of frames to many subscribers, in a process of their own, while eight writers write. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { clock } from './clock.ts'
import { type Measurement, measure, timeMeasurement } from './measure.ts'
import type { Phase } from './phases.ts'
import { createPost, newRkeys } from './server-under-test.ts'
import type { FrameArrivals } from './subscribers.ts'

export function firehosePhase(subscribers: number): Phase {
  const name = `firehose ${subscribers}`
  return {
    name,
    run: async ({ client, writers }, ms) => {
      const child = fork(join(import.meta.dirname, 'subscribers.ts'), { serialization: 'advanced' })
      try {
        child.send({ url: client.url, subscribers })
        await message(child)
        const written = new Map<string, number>()
        const rkeys = newRkeys(20_000)
        const begin = clock()
        const load = { inFlight: 8, ms: Math.max(ms, 2000), most: rkeys.length }
        const writes = await measure('', '/s', load, async (n) => {
          await createPost(client, writers[n % 8]!, n, rkeys[n])
          written.set(rkeys[n]!, clock())
        })
        child.send({ written })
        const arrivals = (await message(child)) as FrameArrivals
        const seconds = (arrivals.last - begin) / 1000
        return figures(name, subscribers * written.size, seconds, arrivals, writes)
      } finally {
        child.kill()
      }
    },
  }
}

function figures(
  name: string,
  expected: number,
  seconds: number,
  { frames, duplicates, delays }: FrameArrivals,
  writes: Measurement,
): Measurement[] {
  const repeated = duplicates > 0 ? [`${duplicates} frames came twice`] : []
  const errors = [...(writes.errors ?? []), ...repeated]
  return [
    { name: `${name}, frames`, unit: '/s', better: 'more', value: frames / seconds, errors },
    timeMeasurement(`${name}, ack to frame`, delays),
    { name: `${name}, lost frames`, unit: '', better: 'less', value: expected - frames },
  ]
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the subscribers ended with ${code}`)))
  })
}
