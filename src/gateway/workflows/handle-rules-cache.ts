/** The handle rules as this gateway last read them from the directory. */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  type HandleSettings,
  handleRules,
  noHandleSettings,
  parseHandleSettings,
} from '#src/gateway/workflows/handle-rules.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface SettingsDispatch {
  directory: {
    settings: {
      get(input: { name: string }): Promise<string | null>
      put(input: { name: string; value: string }): Promise<void>
      hasHandlesUnder(input: { suffix: string }): Promise<boolean>
    }
  }
}

/** Changes made through another gateway take effect here after at most this time. */
const TTL_MS = 10_000
const SETTING = 'handle-rules'

export class HandleRulesCache {
  readonly #dispatch: SettingsDispatch
  readonly #clock: Clock
  /** Those of the configuration, which cannot be removed. */
  readonly #domains: readonly string[]
  #settings: HandleSettings = noHandleSettings
  #rules: HandleRules | undefined
  #readAt = 0
  #reading: Promise<void> | undefined

  constructor(ports: { dispatch: SettingsDispatch; clock: Clock; domains: readonly string[] }) {
    this.#dispatch = ports.dispatch
    this.#clock = ports.clock
    this.#domains = ports.domains
  }

  async rules(): Promise<HandleRules> {
    if (this.#rules !== undefined && this.#clock.now() - this.#readAt < TTL_MS) return this.#rules
    // If the directory cannot be reached, the last known rules are used.
    await this.#read().catch(() => {})
    return this.#rules ?? handleRules(this.#domains)
  }

  async settings(): Promise<HandleSettings> {
    await this.#read()
    return this.#settings
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
      .get({ name: SETTING })
      .then((value) => {
        this.#store(value === null ? noHandleSettings : parseHandleSettings(JSON.parse(value)))
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  #store(settings: HandleSettings): void {
    this.#settings = settings
    this.#rules = handleRules(this.#domains, settings)
    this.#readAt = this.#clock.now()
  }
}
