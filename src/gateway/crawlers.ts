/** The relays in PDS_CRAWLERS: asked to crawl when there are new events, at most once per interval. */
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

/** As in the reference PDS. */
const INTERVAL_MS = 20 * 60_000
/** Slack, so that the limiter does not reject this gateway's next turn as too early. */
const MARGIN_MS = 1_000
const TIMEOUT_MS = 10_000

export interface CrawlerPorts {
  crawlers: readonly string[]
  hostname: string
  /** Whether this gateway asks in this interval; if there are several gateways, one of them does. */
  claimTurn(): Promise<boolean>
  fetch: typeof globalThis.fetch
  clock: Clock
  timer: Timer
  log: Pick<Log, 'info' | 'warn'>
  intervalMs?: number
}

export class Crawlers {
  readonly #ports: CrawlerPorts
  readonly #intervalMs: number
  #notBefore = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | null = null
  #closed = false

  constructor(ports: CrawlerPorts) {
    this.#ports = ports
    this.#intervalMs = ports.intervalMs ?? INTERVAL_MS
  }

  notify(): void {
    if (this.#cancel !== null || this.#closed || this.#ports.crawlers.length === 0) return
    const { clock, timer } = this.#ports
    const wait = this.#notBefore - clock.now()
    if (wait <= 0) return void this.#turn()
    this.#cancel = timer(wait, () => {
      this.#cancel = null
      void this.#turn()
    })
  }

  /** Returns the relays that accepted. Throws 400 if none is configured, 502 if none accepted. */
  async request(): Promise<string[]> {
    const { crawlers } = this.#ports
    if (crawlers.length === 0) {
      throw new XrpcError(
        400,
        'InvalidRequest',
        'No relay is configured: name one, for example https://bsky.network, or set PDS_CRAWLERS',
      )
    }
    const accepted = await this.#requestCrawls()
    if (accepted.length === 0) throw new XrpcError(502, 'UpstreamFailure', 'No crawler accepted')
    return accepted
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #turn(): Promise<void> {
    this.#notBefore = this.#ports.clock.now() + this.#intervalMs + MARGIN_MS
    // If the limiter cannot be reached, two requests are better than none.
    if (await this.#ports.claimTurn().catch(() => true)) await this.#requestCrawls()
  }

  async #requestCrawls(): Promise<string[]> {
    const { crawlers, log } = this.#ports
    const requests = crawlers.map(async (crawler) => {
      try {
        await this.#requestCrawl(crawler)
        return [crawler]
      } catch (err) {
        log.warn({ err, crawler }, 'requestCrawl failed')
        return []
      }
    })
    const accepted = (await Promise.all(requests)).flat()
    if (accepted.length > 0) log.info({ crawlers: accepted }, 'requestCrawl accepted')
    return accepted
  }

  async #requestCrawl(crawler: string): Promise<void> {
    const { hostname } = this.#ports
    const response = await this.#ports.fetch(`${crawler}/xrpc/com.atproto.sync.requestCrawl`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hostname }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the relay answered ${response.status}`)
  }
}
