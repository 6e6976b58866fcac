/** A firehose subscriber that returns the events since the last call. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeFirst, fromBytes } from '@atcute/cbor'
import WebSocket from 'ws'
import { describeCar } from './describe-car.ts'

interface EventBody {
  seq?: number
  repo?: string
  did?: string
  commit?: { $link: string }
  blocks?: Parameters<typeof fromBytes>[0]
  ops?: { action: string; path: string; cid: unknown; prev?: unknown }[]
}

/** One event, without the fields that differ from run to run. */
export interface RecordedEvent {
  kind: string
  did: string | undefined
  fields: Record<string, unknown>
  commit: string | undefined
}

export class FirehoseRecorder {
  readonly #socket: WebSocket
  readonly #frames: Buffer[] = []
  #closed: { code: number; reason: string } | undefined

  private constructor(url: string, query: string) {
    const path = `/xrpc/com.atproto.sync.subscribeRepos${query}`
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}${path}`)
    this.#socket.on('message', (frame: Buffer) => this.#frames.push(frame))
    this.#socket.on('close', (code, reason) => {
      this.#closed = { code, reason: String(reason) }
    })
    this.#socket.on('error', () => {})
  }

  /** Resolves when the connection is open or refused. */
  static async open(url: string, query = ''): Promise<FirehoseRecorder> {
    const listener = new FirehoseRecorder(url, query)
    await new Promise<void>((resolve) => {
      listener.#socket.once('open', resolve)
      listener.#socket.once('close', () => resolve())
    })
    return listener
  }

  /** How the server closed the connection; undefined while it is open. */
  get closed(): { code: number; reason: string } | undefined {
    return this.#closed
  }

  /**
   * Takes the events so far: until `last` matched and 100 ms passed without an event, or 1 s in all. A new account is
   * announced shortly after createAccount has answered.
   */
  async take(last: (events: RecordedEvent) => boolean = () => false): Promise<RecordedEvent[]> {
    const taken: RecordedEvent[] = []
    for (let waits = 0, quiet = 0; waits < 40 && this.#closed === undefined; waits++) {
      const frames = this.#frames.splice(0)
      for (const frame of frames) taken.push(await read(frame))
      quiet = frames.length > 0 ? 0 : quiet + 1
      if (quiet >= 4 && taken.some(last)) break
      await sleep(25)
    }
    for (const frame of this.#frames.splice(0)) taken.push(await read(frame))
    return taken
  }

  close(): void {
    this.#socket.terminate()
  }
}

async function read(frame: Buffer): Promise<RecordedEvent> {
  const [header, rest] = decodeFirst(new Uint8Array(frame))
  const [decoded] = decodeFirst(rest)
  const { seq, blocks, commit, ...body } = decoded as EventBody
  const fields = {
    ...(JSON.parse(JSON.stringify(body)) as EventBody),
    ...(seq !== undefined && { seq: typeof seq }),
    ...(commit !== undefined && { commit: commit.$link }),
    ...(blocks !== undefined && { blocks: await describeCar(fromBytes(blocks)) }),
  }
  const kind = header.op === -1 ? '#error' : String(header.t)
  return { kind, did: body.repo ?? body.did, fields, commit: commit?.$link }
}
