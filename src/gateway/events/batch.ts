/** Some events in order, and their WebSocket frames in one buffer. */
import type { Encoding, StreamEvent } from '#src/gateway/events/stream-event.ts'
import { frameTexts } from '#src/gateway/firehose/websocket-frame.ts'

const none = Buffer.alloc(0)

export class Batch {
  readonly events: readonly StreamEvent[]
  #framed: Map<Encoding, Buffer> | undefined

  constructor(events: readonly StreamEvent[]) {
    this.events = events
  }

  get isEmpty(): boolean {
    return this.events.length === 0
  }

  /** Made once for all that are sent this batch; a frame is made once for all batches. */
  framed(encoding: Encoding): Buffer {
    this.#framed ??= new Map()
    let framed = this.#framed.get(encoding)
    if (framed === undefined) {
      framed = frameEvents(this.events, encoding)
      this.#framed.set(encoding, framed)
    }
    return framed
  }
}

/** The event's WebSocket text message; undefined if the stream does not have the event. */
export function frameOf(event: StreamEvent, encoding: Encoding): Buffer | undefined {
  const frames = event.frames()
  if (!frames.has(encoding)) frameEvents([event], encoding)
  return frames.get(encoding)
}

/** Frames that are made here are views of one buffer, which is the answer if all are. */
function frameEvents(events: readonly StreamEvent[], encoding: Encoding): Buffer {
  const unmade = events.filter((event) => !event.frames().has(encoding))
  const texts: string[] = []
  const encoded: StreamEvent[] = []
  for (const event of unmade) {
    const text = encoding.encode(event)
    if (text === undefined) event.frames().set(encoding, undefined)
    else {
      texts.push(text)
      encoded.push(event)
    }
  }
  const { bytes, ends } = frameTexts(texts)
  let start = 0
  for (const [i, event] of encoded.entries()) {
    event.frames().set(encoding, bytes.subarray(start, ends[i]))
    start = ends[i]!
  }
  if (unmade.length === events.length) return bytes
  const frames = events.map((event) => event.frames().get(encoding) ?? none)
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames)
}
