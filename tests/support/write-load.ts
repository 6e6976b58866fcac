/** Many clients that write concurrently and at random, and keep what they sent and what was answered. */
import { createHash } from 'node:crypto'
import type { TestAccount } from '#tests/support/server.ts'

export interface Op {
  action: 'create' | 'update' | 'delete'
  /** Undefined if the server chose the key and its answer is unknown. */
  path: string | undefined
  /** The text of the record, unique among all writes. */
  text: string | undefined
  /** The CID in the answer. */
  cid?: string
}

/** One request and its outcome. */
export interface Attempt {
  did: string
  method: string
  ops: Op[]
  /** The HTTP status; 0 if the connection broke, undefined while the request runs. */
  status?: number
  commit?: { cid: string; rev: string }
  /** When it was answered, in ms since 1970. */
  answeredAt?: number
}

const CLIENT_COUNT = 12
/** A request that takes longer counts as a failure of the server. */
const REQUEST_TIMEOUT_MS = 60_000

interface KnownRecord {
  account: TestAccount
  path: string
}

const collection = 'com.example.load'

/**
 * Each client writes only to its own paths, one request after the other, and leaves a path alone once its state is
 * unknown. So what may be at each path, and what each request must do to it, is always known.
 */
export class WriteLoad {
  readonly attempts: Attempt[] = []
  /** Answers that a server must never give: anything but success or an expected refusal, or none at all. */
  readonly violations: string[] = []
  /** The longest time of a request, in ms. */
  maxLatencyMs = 0
  readonly #urls: readonly string[]
  /** How often the clients have changed to the next server. */
  #turn = 0
  readonly #accounts: () => readonly TestAccount[]
  /** Statuses of refusals that are expected. */
  refusals = [503]
  #blowing = false
  #running: Promise<unknown> = Promise.resolve()

  /** `accounts` returns the accounts to write to at the moment. Of several servers the next one is used if one does not answer. */
  constructor(url: string | readonly string[], accounts: () => readonly TestAccount[]) {
    this.#urls = [url].flat()
    this.#accounts = accounts
  }

  get acknowledged(): Attempt[] {
    return this.attempts.filter(({ status }) => status === 200)
  }

  start(): void {
    this.#blowing = true
    this.#running = Promise.all(Array.from({ length: CLIENT_COUNT }, () => this.#client()))
  }

  /** Waits until each client has finished its request, so that every attempt has an outcome. */
  async stop(): Promise<void> {
    this.#blowing = false
    await this.#running
  }

  async #client(): Promise<void> {
    const paths: KnownRecord[] = []
    while (this.#blowing) {
      const attempt = await this.#write(paths)
      // An unreachable server refuses at once: an immediate retry would only take its CPU time.
      if (attempt.status !== 200) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #write(paths: KnownRecord[]): Promise<Attempt> {
    const accounts = this.#accounts()
    const account = pick(accounts)
    const within = paths.filter((known) => accounts.includes(known.account))
    const dice = Math.random()
    if (within.length < 3 || dice < 0.45) return this.#create(account, paths)
    if (dice < 0.52)
      return this.#put({ account, path: `${collection}/${newKey()}` }, 'create', paths)
    const known = take(pick(within), paths)
    if (dice < 0.6) return this.#put(known, 'update', paths)
    if (dice < 0.75) return this.#delete(known)
    return this.#apply(known, paths)
  }

  async #create(account: TestAccount, paths: KnownRecord[]): Promise<Attempt> {
    const rkey = Math.random() < 0.5 ? newKey() : undefined
    const op = createOp(rkey)
    const input = { collection, record: recordOf(op), ...(rkey && { rkey }) }
    const attempt = await this.#post(account, 'createRecord', input, [op])
    if (op.path !== undefined && attempt.status === 200) paths.push({ account, path: op.path })
    return attempt
  }

  async #put(
    known: KnownRecord,
    action: 'create' | 'update',
    paths: KnownRecord[],
  ): Promise<Attempt> {
    const op: Op = { action, path: known.path, text: newText() }
    const input = { collection, rkey: keyOf(known.path), record: recordOf(op) }
    const attempt = await this.#post(known.account, 'putRecord', input, [op])
    if (attempt.status === 200) paths.push(known)
    return attempt
  }

  async #delete({ account, path }: KnownRecord): Promise<Attempt> {
    const op: Op = { action: 'delete', path, text: undefined }
    return this.#post(account, 'deleteRecord', { collection, rkey: keyOf(path) }, [op])
  }

  /** Three creates, an update and, if there is another record, a delete, in one commit. */
  async #apply({ account, path }: KnownRecord, paths: KnownRecord[]): Promise<Attempt> {
    const other = paths.find((known) => known.account === account)
    const doomed = other && take(other, paths)
    const ops: Op[] = [createOp(newKey()), createOp(undefined), createOp(newKey())]
    ops.push({ action: 'update', path, text: newText() })
    if (doomed) ops.push({ action: 'delete', path: doomed.path, text: undefined })
    const attempt = await this.#post(account, 'applyWrites', { writes: ops.map(writeOf) }, ops)
    if (attempt.status === 200) {
      for (const op of ops) if (op.action !== 'delete') paths.push({ account, path: op.path! })
    }
    return attempt
  }

  async #post(
    { did, agent }: TestAccount,
    method: string,
    input: object,
    ops: Op[],
  ): Promise<Attempt> {
    const attempt: Attempt = { did, method, ops }
    this.attempts.push(attempt)
    const started = performance.now()
    const turn = this.#turn
    try {
      const response = await fetch(
        `${this.#urls[turn % this.#urls.length]}/xrpc/com.atproto.repo.${method}`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${agent.session?.accessJwt}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ repo: did, ...input }),
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        },
      )
      const text = await response.text()
      this.#understand(attempt, response.status, text)
    } catch (error) {
      attempt.status = 0
      // Only once for all requests that ran there.
      this.#turn = Math.max(this.#turn, turn + 1)
      if ((error as Error).name === 'TimeoutError') this.violations.push(`${method} hung`)
    }
    attempt.answeredAt = Date.now()
    this.maxLatencyMs = Math.max(this.maxLatencyMs, performance.now() - started)
    return attempt
  }

  #understand(attempt: Attempt, status: number, text: string): void {
    const body = parse(text)
    if (status === 200 && body !== undefined) {
      const results = body.results ?? [body]
      attempt.ops.forEach((op, i) => {
        const { uri, cid } = results[i] ?? {}
        if (uri !== undefined) op.path = uri.split('/').slice(3).join('/')
        if (cid !== undefined) op.cid = cid
      })
      if (body.commit) attempt.commit = body.commit
    } else if (!this.refusals.includes(status) || typeof body?.error !== 'string') {
      this.violations.push(`${attempt.method}: ${status} ${text}${this.#historyOf(text)}`)
    }
    attempt.status = status
  }

  /** What was done before to the record that an error is about. */
  #historyOf(error: string): string {
    const path = /com\.example\.load\/\w+/.exec(error)?.[0]
    if (path === undefined) return ''
    const earlier = this.attempts.filter(({ ops }) => ops.some((op) => op.path === path))
    return ` at ${Date.now()}, after ${JSON.stringify(earlier)}`
  }
}

interface Result {
  uri?: string
  cid?: string
}

interface Answer extends Result {
  error?: string
  commit?: { cid: string; rev: string }
  results?: Result[]
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function createOp(rkey: string | undefined): Op {
  const path = rkey === undefined ? undefined : `${collection}/${rkey}`
  return { action: 'create', path, text: newText() }
}

function writeOf(op: Op): object {
  return {
    $type: `com.atproto.repo.applyWrites#${op.action}`,
    collection,
    ...(op.path && { rkey: keyOf(op.path) }),
    ...(op.text && { value: recordOf(op) }),
  }
}

function recordOf({ text }: Op): object {
  return { $type: collection, text, createdAt: new Date().toISOString() }
}

let count = 0

function newText(): string {
  return `load ${process.pid} ${++count}`
}

/** Random keys are spread over the whole tree, unlike TIDs. */
function newKey(): string {
  return createHash('sha256').update(newText()).digest('hex').slice(0, 16)
}

function keyOf(path: string): string {
  return path.slice(collection.length + 1)
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!
}

function take<T>(item: T, list: T[]): T {
  list.splice(list.indexOf(item), 1)
  return item
}
