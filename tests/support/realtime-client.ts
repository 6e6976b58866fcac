/** A client of dev.headwater.realtime.subscribe over a WebSocket, which keeps everything that it is sent. */
import { expect } from 'vitest'
import { WebSocket } from 'ws'

const NSID = 'dev.headwater.realtime.subscribe'

export interface ClientOptions {
  /** The query, without `?`. */
  query?: string
  /** The Authorization header. */
  as?: string
  ticket?: string
  headers?: Record<string, string>
}

export interface Message {
  type: string
  seq?: number
  [field: string]: unknown
}

export class RealtimeClient {
  readonly ws: WebSocket
  readonly messages: Message[] = []
  error: { error: string; message: string } | undefined
  closeCode: number | undefined

  constructor(url: string, { query = '', as, ticket, headers = {} }: ClientOptions = {}) {
    const protocols = ['xrpc.v1.json', ...(ticket === undefined ? [] : [`ticket.${ticket}`])]
    const own = { ...headers, ...(as && { authorization: as }) }
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/xrpc/${NSID}?${query}`, protocols, {
      headers: own,
    })
    this.ws.on('message', (data) => this.#add(JSON.parse(String(data)) as Record<string, unknown>))
    this.ws.on('close', (code) => {
      this.closeCode = code
    })
    this.ws.on('error', () => {})
  }

  /** The first message of this type; of those that it accepts. */
  async next(type: string, accepts: (message: Message) => boolean = () => true): Promise<Message> {
    const found = () => this.messages.find((one) => one.type === type && accepts(one))
    await expect
      .poll(found, { timeout: 60_000, message: `${type} after ${this.#summary()}` })
      .toBeTruthy()
    return found()!
  }

  /** The error that it is closed with, and the code. */
  async refusal(): Promise<[error: string | undefined, code: number | undefined]> {
    await expect
      .poll(() => this.closeCode, { timeout: 60_000, message: this.#summary() })
      .toBeTruthy()
    return [this.error?.error, this.closeCode]
  }

  send(type: string, fields: object): void {
    this.ws.send(JSON.stringify({ $type: `${NSID}#${type}`, ...fields }))
  }

  close(): void {
    this.ws.terminate()
  }

  #add(frame: Record<string, unknown>): void {
    if (frame['$type'] === 'error') {
      this.error = frame as unknown as { error: string; message: string }
      return
    }
    const { $type, ...fields } = frame['payload'] as { $type: string }
    this.messages.push({ ...fields, type: $type.slice(NSID.length + 1) })
  }

  #summary(): string {
    return JSON.stringify([this.messages.map(({ type }) => type), this.error, this.closeCode])
  }
}
