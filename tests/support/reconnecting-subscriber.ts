/** A relay's ear: subscribes to the firehose, and again from where it was whenever the connection is lost. */
import { decodeAll } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'
import { WebSocket } from 'ws'

/** One event as it came. */
export interface ReceivedEvent {
  seq: number
  kind: string
  did: string
  body: EventBody
  bytes: Uint8Array
}

/** The fields of the four kinds of events that a judge looks at. */
export interface EventBody {
  seq: number
  did?: string
  repo?: string
  time: string
  rev: string
  since: string | null
  prevData?: Cid
  commit: Cid
  blocks: Uint8Array
  ops: { action: string; path: string; cid: Cid | null; prev?: Cid }[]
}

const RETRY_MS = 100

export class ReconnectingSubscriber {
  readonly events: ReceivedEvent[] = []
  /** Messages that are no event: an #info or an error. */
  readonly otherMessages: unknown[] = []
  readonly #url: string
  #ws: WebSocket | undefined
  #closed = false

  /** Begins at once, with everything that comes after `cursor`. */
  constructor(url: string, cursor = 0) {
    this.#url = `${url.replace(/^http/, 'ws')}/xrpc/com.atproto.sync.subscribeRepos`
    this.#connect(cursor)
  }

  /** The CIDs of all commits heard. */
  commits(): Set<string> {
    const commits = this.events.filter(({ kind }) => kind === '#commit')
    return new Set(commits.map(({ body }) => String(body.commit)))
  }

  close(): void {
    this.#closed = true
    this.#ws?.terminate()
  }

  #connect(cursor: number): void {
    const ws = new WebSocket(`${this.#url}?cursor=${cursor}`)
    this.#ws = ws
    ws.on('message', (message: Buffer) => this.#hear(message))
    // What goes wrong with a connection ends it.
    ws.on('error', () => {})
    ws.on('close', () => {
      const next = () => this.#closed || this.#connect(this.events.at(-1)?.seq ?? cursor)
      if (!this.#closed) setTimeout(next, RETRY_MS)
    })
  }

  #hear(message: Buffer): void {
    const bytes = new Uint8Array(message)
    const [header, body] = [...decodeAll(bytes)] as unknown as [
      { op: number; t?: string },
      EventBody,
    ]
    const kind = header.t ?? ''
    if (header.op !== 1 || kind === '#info') {
      this.otherMessages.push(body)
      return
    }
    const did = body.repo ?? body.did ?? ''
    this.events.push({ seq: body.seq, kind, did, body, bytes })
  }
}
