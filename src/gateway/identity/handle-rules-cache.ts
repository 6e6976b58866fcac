/** The handle rules as this gateway last read them from the directory. */
import type { HandleDomain } from '#src/directory/tenant-domains.ts'
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  type HandleSettings,
  handleRules,
  noHandleSettings,
  parseHandleSettings,
} from '#src/gateway/identity/handle-rules.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface SettingsDispatch {
  directory: {
    settings: {
      getHandleRules(input: {
        name: string
      }): Promise<{ value: string | null; domains: HandleDomain[] }>
      put(input: { name: string; value: string }): Promise<void>
      hasHandlesUnder(input: { suffix: string }): Promise<boolean>
    }
  }
}

/** Changes made through another gateway take effect here after at most this time. */
const TTL_MS = 10_000
/** After a failed read, if there are no rules to use meanwhile but those of the configuration. */
const RETRY_MS = 1_000
const SETTING = 'handle-rules'

export class HandleRulesCache {
  readonly #dispatch: SettingsDispatch
  readonly #clock: Clock
  /** Those of the configuration, which cannot be removed. */
  readonly #domains: readonly string[]
  #settings: HandleSettings = noHandleSettings
  #tenantDomains: readonly HandleDomain[] = []
  #rules: HandleRules | undefined
  #triedAt = Number.NEGATIVE_INFINITY
  #hasFailed = false
  #reading: Promise<void> | undefined

  constructor(ports: { dispatch: SettingsDispatch; clock: Clock; domains: readonly string[] }) {
    this.#dispatch = ports.dispatch
    this.#clock = ports.clock
    this.#domains = ports.domains
  }

  async rules(): Promise<HandleRules> {
    const ttlMs = this.#hasFailed && this.#rules === undefined ? RETRY_MS : TTL_MS
    if (this.#clock.now() - this.#triedAt >= ttlMs) {
      // If the directory cannot be reached, the last known rules are used. That takes it seconds to find out, for which
      // calls wait once only.
      const reading = this.#read().catch(() => {})
      if (!this.#hasFailed || this.#rules === undefined) await reading
    }
    return this.#rules ?? handleRules(this.#domains)
  }

  async settings(): Promise<HandleSettings> {
    await this.#read()
    return this.#settings
  }

  /** Call it when a domain of a tenant has changed: it counts here at once. */
  async readAgain(): Promise<void> {
    await this.#reading?.catch(() => {})
    await this.#read()
  }

  /** Throws 400 if this would remove a domain under which accounts have handles. */
  async change(settings: HandleSettings): Promise<void> {
    const { directory } = this.#dispatch
    const kept = new Set([...this.#domains, ...settings.domains])
    const { domains } = await this.settings()
    for (const suffix of domains.filter((domain) => !kept.has(domain))) {
      if (await directory.settings.hasHandlesUnder({ suffix })) {
        throw invalidRequest(`Accounts have handles under ${suffix}`)
      }
    }
    await directory.settings.put({ name: SETTING, value: JSON.stringify(settings) })
    this.#store(settings)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#dispatch.directory.settings
      .getHandleRules({ name: SETTING })
      .then(({ value, domains }) => {
        this.#tenantDomains = domains
        this.#store(value === null ? noHandleSettings : parseHandleSettings(JSON.parse(value)))
      })
      .catch((error) => {
        this.#hasFailed = true
        this.#triedAt = this.#clock.now()
        throw error
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  #store(settings: HandleSettings): void {
    this.#settings = settings
    this.#rules = handleRules(this.#domains, settings, this.#tenantDomains)
    this.#hasFailed = false
    this.#triedAt = this.#clock.now()
  }
}
