/** What the operator sees of the relays: how each stands with this server, and what to do about it. */
import type { Relay } from '#src/directory/relays.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import type { RelayClient } from '#src/gateway/relays/relay-client.ts'
import type { Clock } from '#src/ports/clock.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** Null where it is not known. */
export interface RelayRow {
  relay: string
  /** As the relay says; `unknown` if it does not, `not asked yet` at first. */
  status: string
  /** Active ones. */
  accountsHere: number | null
  accountsThere: number | null
  /** Of how many accounts the relay was asked what it knows, and what it said. */
  asked: number
  active: number
  throttled: number
  absent: number
  lagSeconds: number | null
  /** The most accounts that the relay takes; null if that is more than the usual, and not known. */
  limit: number | null
  /** ISO 8601. */
  lastAsked: string | null
  error?: string
  warning?: string
}

export interface RelayViewPorts {
  relays: readonly string[]
  dispatch: { directory: { relays: Pick<Dispatch['directory']['relays'], 'list' | 'setLimit'> } }
  client: RelayClient
  clock: Clock
}

/** What relays take from a server that they know nothing about. */
export const USUAL_LIMIT = 100
const WARN_SHARE = 0.8
const CACHE_MS = 2_000

export class RelayView {
  readonly #ports: RelayViewPorts
  #cached: { value: Promise<Relay[]>; until: number } | undefined

  constructor(ports: RelayViewPorts) {
    this.#ports = ports
  }

  get relays(): readonly string[] {
    return this.#ports.relays
  }

  /** Asks the relay itself. */
  hostStatus(relay: string): ReturnType<RelayClient['hostStatus']> {
    return this.#ports.client.hostStatus(relay)
  }

  /** In the order of the configuration, from the answers that are kept; `accountsHere` are active ones. */
  async rows(accountsHere: number | undefined): Promise<RelayRow[]> {
    const { relays } = this.#ports
    if (relays.length === 0) return []
    const known = new Map((await this.#known()).map((relay) => [relay.url, relay]))
    return relays.map((url) => rowOf(url, known.get(url), accountsHere))
  }

  /** Notes how many accounts the relay's operator has granted. Throws 400 for a relay that is not configured. */
  async setLimit(url: string, limit: number | null): Promise<void> {
    const { relays, dispatch } = this.#ports
    if (!relays.includes(url)) throw invalidRequest(`${url} is not a relay in PDS_CRAWLERS`)
    await dispatch.directory.relays.setLimit({ url, limit })
    this.#cached = undefined
  }

  #known(): Promise<Relay[]> {
    const { dispatch, clock, relays: urls } = this.#ports
    const now = clock.now()
    if (this.#cached === undefined || now >= this.#cached.until) {
      const value = dispatch.directory.relays.list({ urls })
      this.#cached = { value, until: now + CACHE_MS }
      value.catch(() => {
        this.#cached = undefined
      })
    }
    return this.#cached.value
  }
}

/** `accountsHere` is undefined if it is not known. */
export function rowOf(
  url: string,
  relay: Relay | undefined,
  accountsHere: number | undefined,
): RelayRow {
  const { active = 0, throttled = 0, absent = 0, ...others } = relay?.asked ?? {}
  const rest = Object.values(others).reduce((sum, n) => sum + n, 0)
  const row: RelayRow = {
    relay: url,
    status: statusOf(relay),
    accountsHere: accountsHere ?? null,
    accountsThere: relay?.accounts ?? null,
    asked: active + throttled + absent + rest,
    ...{ active, throttled, absent },
    lagSeconds: relay?.lagMs == null ? null : Math.round(relay.lagMs / 1_000),
    limit: limitOf(relay, active),
    lastAsked: relay?.askedAt == null ? null : isoTime(relay.askedAt),
    ...(relay?.error != null && { error: relay.error }),
  }
  const warning = warningOf(row)
  return { ...row, ...(warning !== undefined && { warning }) }
}

function statusOf(relay: Relay | undefined): string {
  if (relay?.askedAt == null) return 'not asked yet'
  return relay.status ?? 'unknown'
}

/** No relay says it: one that has more than the usual number as active has a higher one. */
function limitOf(relay: Relay | undefined, active: number): number | null {
  if (relay?.accountLimit != null) return relay.accountLimit
  return active > USUAL_LIMIT ? null : USUAL_LIMIT
}

function warningOf(row: RelayRow): string | undefined {
  const { throttled, limit } = row
  if (throttled > 0) {
    const [are, they] =
      throttled === 1 ? ['account is', 'it writes'] : ['accounts are', 'they write']
    return `${throttled} ${are} throttled there, and what ${they} is not passed on`
  }
  const accounts = Math.max(row.accountsHere ?? 0, row.accountsThere ?? 0)
  if (limit !== null && accounts >= WARN_SHARE * limit) {
    return `${accounts} accounts; the relay may take no more than ${limit}`
  }
  return undefined
}
