/** Makes scripted calls to one server, and records each answer in normalized form. */
import { Agent, type Dispatcher } from 'undici'
import type { Server } from '../servers.ts'
import { describeCar } from './describe-car.ts'
import { FirehoseRecorder } from './firehose-recorder.ts'
import { describeBytes, normalizeText, normalizeValue } from './normalize.ts'
import type { Services } from './services.ts'

export interface CallOptions {
  query?: string | Record<string, string | number | boolean>
  /** Sent as JSON; a string and bytes go as they are. */
  body?: unknown
  /** The Authorization header. */
  as?: string | undefined
  headers?: Record<string, string>
  /** POST if there is a body and GET otherwise, by default. */
  verb?: string | undefined
}

export interface Reply {
  status: number
  headers: Record<string, string>
  /** The JSON value, or the text or bytes if it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server says; scripts take what they need.
  body: any
}

/** An answer, a list of events, or a request that a service got. */
export interface Observation {
  label: string
  value: unknown
}

const COMPARED_HEADERS = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-security-policy',
  'x-content-type-options',
  'cache-control',
  'vary',
  'www-authenticate',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
  'access-control-expose-headers',
  'location',
  'retry-after',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-policy',
  'atproto-repo-rev',
  'atproto-content-labelers',
  'atproto-upstream-lag',
]

export class RecordingClient {
  readonly url: string
  readonly plcUrl: string
  readonly services: Services
  readonly placeholders = new Map<string, string>()
  readonly observations: Observation[] = []
  readonly #agent = new Agent({ connections: 8, pipelining: 1 })
  #scenario = ''
  #listener: FirehoseRecorder | undefined
  #marker: { did: string; access: string } | undefined

  constructor({ url, plcUrl }: Server, services: Services) {
    this.url = url
    this.plcUrl = plcUrl
    this.services = services
    for (const [value, name] of services.placeholders) this.placeholders.set(value, name)
    this.placeholders.set(url, '<server>')
    this.placeholders.set(url.replace('127.0.0.1', 'localhost'), '<server>')
  }

  beginScenario(scenario: string): void {
    this.#scenario = scenario
  }

  /** Calls a method, or a path that begins with a slash, and records the answer. */
  async call(label: string, method: string, ask: CallOptions = {}): Promise<Reply> {
    const reply = await this.request(method, ask)
    await this.#keep(`${label}: ${method.replace(/\?.*/, '')}`, reply)
    return reply
  }

  /** Records any other value. */
  record(label: string, value: unknown): void {
    const full = `${this.#scenario} / ${label}`
    const before = this.observations.filter(
      (one) => one.label.replace(/ #\d+$/, '') === full,
    ).length
    const again = before > 0 ? ` #${before + 1}` : ''
    this.observations.push({ label: full + again, value: normalizeValue(value, this.placeholders) })
  }

  /** Calls without recording, to set a scenario up. Throws if the call is rejected. */
  async prepare(method: string, ask: CallOptions = {}): Promise<Reply> {
    const reply = await this.request(method, ask)
    if (reply.status < 300) return reply
    throw new Error(`${method}: ${reply.status} ${JSON.stringify(reply.body)}`)
  }

  async request(
    method: string,
    { query, body, as, headers = {}, verb }: CallOptions = {},
  ): Promise<Reply> {
    const path = method.startsWith('/') ? method : `/xrpc/${method}`
    const pairs =
      typeof query === 'object'
        ? Object.entries(query).map(([k, v]) => [k, `${v}`] as [string, string])
        : []
    const search = typeof query === 'string' ? query : String(new URLSearchParams(pairs))
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const request: Dispatcher.RequestOptions = {
      origin: this.url,
      path: search ? `${path}?${search}` : path,
      method: (verb ?? (body === undefined ? 'GET' : 'POST')) as Dispatcher.HttpMethod,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(as !== undefined && { authorization: as }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
      headersTimeout: 30_000,
    }
    const answer = await this.#agent.request(request)
    const bytes = new Uint8Array(await answer.body.arrayBuffer())
    const received = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
    const type = String(answer.headers['content-type'] ?? '')
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(received),
      body: /json|text|html/.test(type) || bytes.length === 0 ? read(bytes) : bytes,
    }
  }

  /** Subscribes to the firehose, for `events`. */
  async subscribe(marker: { did: string; access: string }): Promise<void> {
    this.#marker = marker
    this.#listener = await FirehoseRecorder.open(this.url)
    await this.skipEvents()
  }

  /** Discards the events since the last call. */
  async skipEvents(): Promise<void> {
    await this.#receivedEvents()
  }

  /** Records the events since the last call, in order. */
  async events(label: string): Promise<void> {
    const events = await this.#receivedEvents()
    this.record(
      `${label}: events`,
      events.map(({ kind, fields }) => ({ kind, ...fields })),
    )
  }

  /** Closes all connections; pending answers are lost. */
  async close(): Promise<void> {
    this.#listener?.close()
    await this.#agent.destroy()
  }

  /** Waits for a write of the marker account, which comes after all earlier events. */
  async #receivedEvents() {
    const { did, access } = this.#marker!
    const input = { repo: did, collection: 'com.example.mark', record: { at: Date.now() } }
    const write = { as: access, body: input }
    const { body } = await this.prepare('com.atproto.repo.createRecord', write)
    const events = await this.#listener!.take(({ commit }) => commit === body.commit.cid)
    return events.filter(({ did: of }) => of !== did)
  }

  async #keep(label: string, { status, headers, body }: Reply): Promise<void> {
    const mattering = COMPARED_HEADERS.filter((name) => headers[name] !== undefined).map((name) => [
      name,
      normalizeText(listed(name, headers[name]!), this.placeholders),
    ])
    const isCar = headers['content-type']?.startsWith('application/vnd.ipld.car')
    const isBytes = body instanceof Uint8Array
    const form = !isBytes ? body : isCar ? await describeCar(body) : describeBytes(body)
    this.record(label, { status, headers: Object.fromEntries(mattering), body: form })
  }
}

/** Lists in headers are equal in any order and case; a long retry-after may differ by a second. */
function listed(name: string, value: string): string {
  if (name === 'retry-after' && Number(value) > 60) return '<seconds>'
  if (!value.includes(', ')) return value
  return value.toLowerCase().split(', ').sort().join(', ')
}

function read(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
