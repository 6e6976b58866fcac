/** One firehose connection, decoded with code that is not ours. */
import { type Bytes, type CidLink, decodeFirst } from '@atcute/cbor'
import { expect } from 'vitest'
import { WebSocket } from 'ws'

/** A frame; `kind` is '#error' for an error frame. */
export interface Message {
  kind: string
  body: EventBody
  bytes: Buffer
}

/** The fields of all kinds of events. */
export interface EventBody {
  seq: number
  time: string
  did: string
  handle?: string
  active?: boolean
  repo: string
  rev: string
  since: string | null
  commit: CidLink
  prevData?: CidLink
  blocks: Bytes
  ops: Op[]
}

export interface Op {
  action: 'create' | 'update' | 'delete'
  path: string
  cid: CidLink | null
  prev?: CidLink
}

const WAIT = { timeout: 30_000, interval: 20 }

export class Subscription {
  readonly messages: Message[] = []
  readonly opened: Promise<unknown>
  readonly closed: Promise<{ code: number; reason: string }>
  readonly ws: WebSocket

  constructor({ url }: { url: string }, cursor?: number | string) {
    const query = cursor === undefined ? '' : `?cursor=${cursor}`
    const path = `/xrpc/com.atproto.sync.subscribeRepos${query}`
    this.ws = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`)
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>()
    this.closed = promise
    this.opened = new Promise((open) => this.ws.once('open', open))
    this.ws.on('message', (bytes: Buffer) => this.messages.push(read(bytes)))
    this.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    this.ws.on('error', () => {})
  }

  get kinds(): string[] {
    return this.messages.map(({ kind }) => kind)
  }

  get events(): Message[] {
    return this.messages.filter(({ body }) => body.seq !== undefined)
  }

  get seqs(): number[] {
    return this.events.map(({ body }) => body.seq)
  }

  eventsOf(did: string): Message[] {
    return this.events.filter(({ body }) => (body.repo ?? body.did) === did)
  }

  async waitForMessages(count: number): Promise<void> {
    await expect.poll(() => this.messages.length, WAIT).toBeGreaterThanOrEqual(count)
  }

  /** Waits for the event of a commit. */
  async waitForCommit(cid: string): Promise<Message> {
    const find = () => this.messages.find(({ body }) => body.commit?.$link === cid)
    await expect.poll(() => find() !== undefined, WAIT).toBe(true)
    return find()!
  }

  close(): void {
    this.ws.terminate()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function read(bytes: Buffer): Message {
  const [header, rest] = decodeFirst(new Uint8Array(bytes))
  const [body, nothing] = decodeFirst(rest)
  if (nothing.length > 0) throw new Error('a frame has two values, and nothing after them')
  return { kind: header.op === -1 ? '#error' : header.t, body, bytes }
}
