/**
 * The event stream of one open page. Events only say that something has changed: the parts of the page are then rendered
 * again, by the same functions as the page, and those that differ are sent. So a burst of events costs one rendering.
 */
import { XrpcError } from '#src/errors.ts'
import { event, type Fragment, SentFragments } from '#src/gateway/pages/live/fragments.ts'
import { SSE_RETRY } from '#src/gateway/realtime/message-text.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface PageStreamPorts {
  timer: Timer
  log: { error(fields: object, text: string): void }
}

export interface PageStreamOptions {
  /** The parts of the page as they are now. Throws an XrpcError if the session may not see them any more. */
  render(): Promise<readonly Fragment[]>
  /** Renders again after this long, also without events. */
  everyMs?: number | undefined
}

/** Bytes. */
const MAX_QUEUED = 256 * 1024
/** Between two renderings. */
const PAUSE_MS = 500

export class PageStream {
  readonly #ports: PageStreamPorts
  readonly #options: PageStreamOptions
  readonly #sent = new SentFragments()
  readonly #encoder = new TextEncoder()
  readonly #controller: ReadableStreamDefaultController<Uint8Array>
  readonly body: ReadableStream<Uint8Array>
  #position = 0
  #isOpen = true
  #hasChanged = false
  #isRendering = false
  #cancelPause = () => {}
  #cancelTick = () => {}
  onClose = () => {}

  constructor(ports: PageStreamPorts, options: PageStreamOptions) {
    this.#ports = ports
    this.#options = options
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const source = {
      start: (given: ReadableStreamDefaultController<Uint8Array>) => {
        controller = given
      },
      pull: () => this.#turn(),
      cancel: () => this.close(),
    }
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_QUEUED })
    this.body = new ReadableStream<Uint8Array>(source, strategy)
    this.#controller = controller
    this.#write(SSE_RETRY)
    if (options.everyMs !== undefined) this.changed()
  }

  /** What a subscriber of events writes to. Its events come in the order of their seqs. */
  get transport(): Transport {
    const stream = this
    return {
      get isOpen() {
        return stream.#isOpen
      },
      hasRoom: true,
      message: (name, _, seq) => stream.#onMessage(name, seq),
      events: ({ events }) => stream.changed(events.at(-1)?.seq),
      fail: (error) => stream.end(error),
      goAway: () => stream.close(),
    }
  }

  /** The next rendering has everything up to `seq`. */
  changed(seq = 0): void {
    this.#position = Math.max(this.#position, seq)
    this.#hasChanged = true
    this.#turn()
  }

  /** A browser opens the stream again if the connection just ends; after `end` it does not. */
  end({ error }: XrpcError): void {
    if (error !== 'ExpiredToken') this.#write(event('end', { error }))
    this.close()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#cancelPause()
    this.#cancelTick()
    try {
      this.#controller.close()
    } catch {
      // The browser has closed it.
    }
    this.onClose()
  }

  #onMessage(name: string, seq: number | undefined): void {
    if (name === 'tick' && !this.#hasChanged && !this.#isRendering) {
      this.#position = Math.max(this.#position, seq ?? 0)
      this.#writePosition()
    } else if (name !== 'tick' && name !== 'ready') this.changed(seq)
  }

  #turn(): void {
    const hasRoom = (this.#controller?.desiredSize ?? 0) > 0
    if (!this.#isOpen || !this.#hasChanged || this.#isRendering || !hasRoom) return
    this.#isRendering = true
    void this.#render().then((pause) => this.#pause(pause))
  }

  async #render(): Promise<number> {
    const position = this.#position
    this.#hasChanged = false
    try {
      this.#write(await this.#sent.changed(await this.#options.render()))
      if (position > 0) this.#writePosition(position)
      return PAUSE_MS
    } catch (error) {
      if (error instanceof XrpcError && error.status < 500) this.end(error)
      else {
        // The browser opens it again.
        this.#ports.log.error({ err: error }, 'rendering a part of a page failed')
        this.close()
      }
      return 0
    }
  }

  #pause(ms: number): void {
    if (!this.#isOpen) return
    const { timer } = this.#ports
    const { everyMs } = this.#options
    this.#cancelTick()
    if (everyMs !== undefined) this.#cancelTick = timer(everyMs, () => this.changed())
    this.#cancelPause = timer(ms, () => {
      this.#isRendering = false
      this.#turn()
    })
  }

  /** As the event's id, which a browser sends when it connects again, and as data, which a script keeps. */
  #writePosition(position = this.#position): void {
    this.#write(`id: ${position}\n${event('position', String(position))}`)
  }

  #write(text: string): void {
    if (this.#isOpen && text !== '') this.#controller.enqueue(this.#encoder.encode(text))
  }
}
