/** A firehose subscriber that reconnects with its cursor whenever the connection is lost. */
import { decodeAll } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'
import { WebSocket } from 'ws'

export interface ReceivedEvent {
  seq: number
  kind: string
  did: string
  body: EventBody
  bytes: Uint8Array
}

/** The fields of the four kinds of events that tests read. */
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
  /** Messages that are not events: #info and errors. */
  readonly otherMessages: unknown[] = []
  readonly #urls: readonly string[]
  #ws: WebSocket | undefined
  #closed = false

  /** Subscribes at once, from `cursor`. Of several servers the next one gets the next connection. */
  constructor(url: string | readonly string[], cursor = 0) {
    this.#urls = [url].flat()
    this.#connect(cursor)
  }

  /** The CIDs of all commits received. */
  commits(): Set<string> {
    const commits = this.events.filter(({ kind }) => kind === '#commit')
    return new Set(commits.map(({ body }) => String(body.commit)))
  }

  close(): void {
    this.#closed = true
    this.#ws?.terminate()
  }

  #connect(cursor: number, turn = 0): void {
    const url = this.#urls[turn % this.#urls.length]!.replace(/^http/, 'ws')
    const ws = new WebSocket(`${url}/xrpc/com.atproto.sync.subscribeRepos?cursor=${cursor}`)
    this.#ws = ws
    ws.on('message', (message: Buffer) => this.#receive(message))
    // A close follows.
    ws.on('error', () => {})
    ws.on('close', () => {
      const next = () => this.#closed || this.#connect(this.events.at(-1)?.seq ?? cursor, turn + 1)
      if (!this.#closed) setTimeout(next, RETRY_MS)
    })
  }

  #receive(message: Buffer): void {
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
