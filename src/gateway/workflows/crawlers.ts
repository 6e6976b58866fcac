/** The relays that the operator has named: told that there is something new here, but not too often. */
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

/** As often as the reference asks for a crawl. */
const INTERVAL_MS = 20 * 60_000
/** Of the same gateway's next turn the one who grants turns must not think that it comes too early. */
const MARGIN_MS = 1_000
const TIMEOUT_MS = 10_000

export interface CrawlerPorts {
  /** URLs of relays. */
  crawlers: readonly string[]
  /** Ours, as relays reach it. */
  hostname: string
  /** Whether it is this process's turn: of several gateways one asks. */
  claimTurn(): Promise<boolean>
  fetch: typeof globalThis.fetch
  clock: Clock
  timer: Timer
  log: Pick<Log, 'info' | 'warn'>
  intervalMs?: number
}

export class Crawlers {
  readonly #ports: CrawlerPorts
  readonly #everyMs: number
  #notBefore = Number.NEGATIVE_INFINITY
  /** Calls off the turn that is coming, if one is. */
  #callOff: (() => void) | null = null
  #closed = false

  constructor(ports: CrawlerPorts) {
    this.#ports = ports
    this.#everyMs = ports.intervalMs ?? INTERVAL_MS
  }

  /** There is something new. Where that was told a short while ago it is told again when the time has come. */
  notify(): void {
    if (this.#callOff !== null || this.#closed || this.#ports.crawlers.length === 0) return
    const { clock, timer } = this.#ports
    const wait = this.#notBefore - clock.now()
    if (wait <= 0) return void this.#turn()
    this.#callOff = timer(wait, () => {
      this.#callOff = null
      void this.#turn()
    })
  }

  /** Asks all of them now. Resolves with those who accepted; throws 502 where nobody did, 400 where there are none. */
  async request(): Promise<string[]> {
    const { crawlers } = this.#ports
    if (crawlers.length === 0) {
      throw new XrpcError(400, 'InvalidRequest', 'No crawlers are configured (PDS_CRAWLERS)')
    }
    const accepted = await this.#askAll()
    if (accepted.length === 0) throw new XrpcError(502, 'UpstreamFailure', 'No crawler accepted')
    return accepted
  }

  close(): void {
    this.#closed = true
    this.#callOff?.()
  }

  async #turn(): Promise<void> {
    this.#notBefore = this.#ports.clock.now() + this.#everyMs + MARGIN_MS
    // Better asked twice than not at all.
    if (await this.#ports.claimTurn().catch(() => true)) await this.#askAll()
  }

  async #askAll(): Promise<string[]> {
    const { crawlers, log } = this.#ports
    const asked = crawlers.map(async (crawler) => {
      try {
        await this.#ask(crawler)
        return [crawler]
      } catch (err) {
        log.warn({ err, crawler }, 'a crawler could not be asked to crawl')
        return []
      }
    })
    const accepted = (await Promise.all(asked)).flat()
    if (accepted.length > 0) log.info({ crawlers: accepted }, 'crawlers were asked to crawl')
    return accepted
  }

  async #ask(crawler: string): Promise<void> {
    const { hostname } = this.#ports
    const answer = await this.#ports.fetch(`${crawler}/xrpc/com.atproto.sync.requestCrawl`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hostname }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.body?.cancel()
    if (!answer.ok) throw new Error(`it answered ${answer.status}`)
  }
}
