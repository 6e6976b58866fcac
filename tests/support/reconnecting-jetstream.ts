/** A client of `/subscribe` that reconnects with the time of its last event whenever the connection is lost. */
import { WebSocket } from 'ws'
import type { ReceivedEvent } from '#tests/support/reconnecting-subscriber.ts'

interface Message {
  did: string
  time_us: number
  kind: string
  commit?: { rev: string; operation: string; collection: string; rkey: string }
}

const RETRY_MS = 100

export class ReconnectingJetstream {
  /** Operations by what they are, with their times. */
  readonly #operations = new Map<string, number>()
  /** What was repeated, or not in order. */
  readonly wrong: string[] = []
  readonly #url: string
  #last = 1
  #ws: WebSocket | undefined
  #closed = false

  constructor(url: string) {
    this.#url = url.replace(/^http/, 'ws')
    this.#connect()
  }

  /** The operations of these events of the firehose that have not arrived. */
  missing(events: readonly ReceivedEvent[]): string[] {
    const commits = events.filter(({ kind }) => kind === '#commit')
    const all = commits.flatMap(({ did, body: { rev, ops } }) =>
      ops.map(({ action, path }) => `${did} ${rev} ${action} ${path}`),
    )
    return all.filter((operation) => !this.#operations.has(operation))
  }

  close(): void {
    this.#closed = true
    this.#ws?.terminate()
  }

  #connect(): void {
    const ws = new WebSocket(`${this.#url}/subscribe?cursor=${this.#last}`)
    this.#ws = ws
    ws.on('message', (message: Buffer) => this.#receive(JSON.parse(message.toString()) as Message))
    // A close follows.
    ws.on('error', () => {})
    ws.on('close', () => {
      if (!this.#closed) setTimeout(() => this.#closed || this.#connect(), RETRY_MS)
    })
  }

  #receive({ did, time_us: time, kind, commit }: Message): void {
    const { rev, operation, collection, rkey } = commit ?? {}
    const name = commit
      ? `${did} ${rev} ${operation} ${collection}/${rkey}`
      : `${did} ${kind} ${time}`
    const known = this.#operations.get(name)
    // The cursor is inclusive: the last event comes again.
    const isResent = known === time && time === this.#last
    if (!isResent && (known !== undefined || time <= this.#last)) this.wrong.push(name)
    this.#operations.set(name, time)
    this.#last = Math.max(this.#last, time)
  }
}
