/** Runs the rows of a file, several at once, and streams their results: a line of JSON for each row. */
import { XrpcError } from '#src/errors.ts'
import { mustBeBounded } from '#src/gateway/http/body.ts'
import { type ByteSource, closing } from '#src/gateway/http/byte-stream.ts'
import type { Provisioned } from '#src/gateway/provisioning/provision.ts'
import type { Log } from '#src/log.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { JobCounts } from '#src/tenants/jobs.ts'

export interface RowResult {
  n: number
  externalId?: string
  status: 'created' | 'existing' | 'error'
  did?: string
  handle?: string
  accessJwt?: string
  refreshJwt?: string
  error?: string
  message?: string
}

/** `n` is the number of its line in the file. */
export interface Row {
  n: number
  text: string
}

export interface RowPorts {
  /** `row` is the parsed JSON of a line. Throws the error that its result reports. */
  runRow(row: unknown): Promise<Provisioned>
  timer: Timer
  log: Pick<Log, 'error'>
  /** Called when no more rows will begin. */
  onEnd?(): void
}

/** Rows of one file at once, and their characters. */
const IN_FLIGHT = 256
const MAX_CHARS_IN_FLIGHT = 16 * 1024 * 1024
/** If this many results are unread, no row begins. A client may send its whole file before it reads. */
const MAX_UNSENT = 8_000
const PROGRESS_MS = 1_000

/**
 * Yields results as they come, `{progress}` every second, and `{summary}` at the end, which also has `error` and `message`
 * if the body could not be read to its end. No more rows begin if the client does not read results, or has left.
 */
export function rowResults(ports: RowPorts, rows: AsyncIterable<Row>): ByteSource {
  const run = new RowRun(ports, rows)
  return closing(run.lines(), () => run.stop())
}

class RowRun {
  readonly #ports: RowPorts
  readonly #rows: AsyncIterator<Row>
  readonly #counts: JobCounts = { created: 0, existing: 0, failed: 0 }
  #unsent: string[] = []
  #inFlight = 0
  #charsInFlight = 0
  #isRead = false
  #isStopped = false
  #failure: { error: string; message: string } | undefined
  #isProgressDue = false
  #cancelTimer = () => {}
  #onChange = () => {}
  #onRoom = () => {}

  constructor(ports: RowPorts, rows: AsyncIterable<Row>) {
    this.#ports = ports
    this.#rows = rows[Symbol.asyncIterator]()
  }

  async *lines(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#lines()
    } finally {
      this.stop()
    }
  }

  async *#lines(): AsyncGenerator<Uint8Array> {
    this.#scheduleProgress()
    const reading = this.#read()
    while (!this.#isStopped) {
      if (this.#isProgressDue) {
        this.#isProgressDue = false
        this.#unsent.push(json({ progress: this.#counts }))
        this.#scheduleProgress()
      }
      if (this.#unsent.length > 0) {
        const text = this.#unsent.join('')
        this.#unsent = []
        this.#onRoom()
        yield Buffer.from(text)
        continue
      }
      if (this.#isRead && this.#inFlight === 0) {
        await reading
        yield Buffer.from(json({ summary: this.#counts, ...this.#failure }))
        return
      }
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
  }

  /** No more rows begin. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#cancelTimer()
    this.#onRoom()
    this.#onChange()
    this.#ports.onEnd?.()
    // Frees the body. A read that is under way ends with the connection.
    this.#rows.return?.().catch(() => {})
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        while (this.#isFull) {
          if (this.#isStopped) return
          await new Promise<void>((resolve) => {
            this.#onRoom = resolve
          })
        }
        if (this.#isStopped) return
        const step = await this.#rows.next()
        if (step.done) return
        this.#inFlight++
        this.#charsInFlight += step.value.text.length
        void this.#run(step.value)
      }
    } catch (error) {
      this.#failure = failureOf(this.#ports, error)
    } finally {
      this.#isRead = true
      this.#onChange()
    }
  }

  get #isFull(): boolean {
    const hasManyRows = this.#inFlight >= IN_FLIGHT || this.#charsInFlight >= MAX_CHARS_IN_FLIGHT
    return hasManyRows || this.#unsent.length >= MAX_UNSENT
  }

  async #run(row: Row): Promise<void> {
    const result = await resultOf(this.#ports, row)
    if (result.status === 'error') this.#counts.failed++
    else this.#counts[result.status]++
    this.#unsent.push(json(result))
    this.#inFlight--
    this.#charsInFlight -= row.text.length
    this.#onRoom()
    this.#onChange()
  }

  #scheduleProgress(): void {
    this.#cancelTimer = this.#ports.timer(PROGRESS_MS, () => {
      this.#isProgressDue = true
      this.#onChange()
    })
  }
}

export async function resultOf(ports: RowPorts, { n, text }: Row): Promise<RowResult> {
  let named = {}
  try {
    const row = parse(text)
    const { externalId } = row as { externalId?: unknown }
    if (typeof externalId === 'string') named = { externalId }
    const { status, did, handle, session } = await ports.runRow(row)
    const { accessJwt, refreshJwt } = session ?? {}
    const tokens = accessJwt && refreshJwt ? { accessJwt, refreshJwt } : {}
    return { n, ...named, status, did, handle, ...tokens }
  } catch (error) {
    return { n, ...named, status: 'error', ...failureOf(ports, error) }
  }
}

function parse(text: string): object {
  let row: unknown
  try {
    row = JSON.parse(text)
  } catch {
    throw new XrpcError(400, 'InvalidRequest', 'The line is not JSON')
  }
  mustBeBounded(row, 'The line')
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row
  throw new XrpcError(400, 'InvalidRequest', 'The line is not a JSON object')
}

function failureOf({ log }: RowPorts, caught: unknown): { error: string; message: string } {
  if (caught instanceof XrpcError) return { error: caught.error, message: caught.message }
  log.error({ err: caught }, 'a row failed')
  return { error: 'InternalServerError', message: 'Internal Server Error' }
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`
}
