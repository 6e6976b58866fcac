/** A process with many firehose connections, which notes when the frame of each post arrives at each. */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { clock } from './clock.ts'
import { posts } from './server-under-test.ts'

export interface FrameArrivals {
  frames: number
  duplicates: number
  /** Milliseconds from the answer to the writer to the frame; negative if the frame was first. */
  delays: number[]
  last: number
}

type Command = { url: string; subscribers: number } | { written: Map<string, number> }

const needle = Buffer.from(`${posts}/`)
/** For each subscriber, the time of arrival by record key. */
const arrived: Map<string, number>[] = []
let twice = 0

function subscribe(url: string): Promise<void> {
  const times = new Map<string, number>()
  arrived.push(times)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`)
  socket.on('message', (frame: Buffer) => {
    const at = frame.indexOf(needle)
    if (at < 0) return
    const rkey = frame.toString('latin1', at + needle.length, at + needle.length + 13)
    if (times.has(rkey)) twice++
    else times.set(rkey, clock())
  })
  return new Promise((open, fail) => {
    socket.once('open', open)
    socket.once('error', fail)
  })
}

async function report(written: Map<string, number>): Promise<FrameArrivals> {
  const complete = () => arrived.every((times) => times.size >= written.size)
  for (let waits = 0; waits < 100 && !complete(); waits++) await sleep(100)
  const delays: number[] = []
  let last = 0
  for (const times of arrived) {
    for (const [rkey, acknowledged] of written) {
      const time = times.get(rkey)
      if (time === undefined) continue
      delays.push(time - acknowledged)
      last = Math.max(last, time)
    }
  }
  return { frames: delays.length, duplicates: twice, delays, last }
}

process.on('message', async (order: Command) => {
  if ('written' in order) {
    process.send?.(await report(order.written))
    return
  }
  await Promise.all(Array.from({ length: order.subscribers }, () => subscribe(order.url)))
  process.send?.('ready')
})
