/** Some events in order, and their WebSocket frames in one buffer. */
import type { Encoding, StreamEvent } from '#src/gateway/events/stream-event.ts'
import { frameTexts, messageLength } from '#src/gateway/firehose/websocket-frame.ts'

export interface FramedEvents {
  /** Whole WebSocket frames. */
  bytes: Buffer
  messages: number
  /** Of the messages: without their frames' headers. */
  payloadBytes: number
}

export class Batch {
  readonly events: readonly StreamEvent[]
  #framed: Map<Encoding, FramedEvents> | undefined

  constructor(events: readonly StreamEvent[]) {
    this.events = events
  }

  get isEmpty(): boolean {
    return this.events.length === 0
  }

  /** Made once for all that are sent this batch; a frame is made once for all batches. */
  framed(encoding: Encoding): FramedEvents {
    this.#framed ??= new Map()
    let framed = this.#framed.get(encoding)
    if (framed === undefined) {
      framed = frameEvents(this.events, encoding)
      this.#framed.set(encoding, framed)
    }
    return framed
  }
}

/** The event's WebSocket frame, of a text message; undefined if the stream does not have the event. */
export function frameOf(event: StreamEvent, encoding: Encoding): Buffer | undefined {
  const frames = event.frames()
  if (!frames.has(encoding)) makeFrames([event], encoding)
  return frames.get(encoding)
}

function frameEvents(events: readonly StreamEvent[], encoding: Encoding): FramedEvents {
  const unmade = events.filter((event) => !event.frames().has(encoding))
  const made = makeFrames(unmade, encoding)
  const frames: Buffer[] = []
  let payloadBytes = 0
  for (const event of events) {
    const frame = event.frames().get(encoding)
    if (frame === undefined) continue
    frames.push(frame)
    payloadBytes += messageLength(frame)
  }
  const bytes = unmade.length === events.length ? made : joined(frames)
  return { bytes, messages: frames.length, payloadBytes }
}

const joined = (frames: readonly Buffer[]): Buffer =>
  frames.length === 1 ? frames[0]! : Buffer.concat(frames)

/** The frames of the events are views of one buffer, which is returned. */
function makeFrames(events: readonly StreamEvent[], encoding: Encoding): Buffer {
  const texts: string[] = []
  const encoded: StreamEvent[] = []
  for (const event of events) {
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
  return bytes
}
