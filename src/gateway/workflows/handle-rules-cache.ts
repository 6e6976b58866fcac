/** The rules for handles as this gateway knows them, and the routes by which the admin reads and changes them. */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  type HandleSettings,
  handleRules,
  noHandleSettings,
  parseHandleSettings,
} from '#src/gateway/workflows/handle-rules.ts'
import type { Clock } from '#src/ports/clock.ts'

/** What is asked of the directory. */
export interface SettingsDispatch {
  directory: {
    settings: {
      get(input: { name: string }): Promise<string | null>
      put(input: { name: string; value: string }): Promise<void>
      hasHandlesUnder(input: { suffix: string }): Promise<boolean>
    }
  }
}

/** What other gateways changed is known here after so many milliseconds. */
const FRESH_MS = 10_000
const name = 'handle-rules'

export class HandleRulesCache {
  readonly #dispatch: SettingsDispatch
  readonly #clock: Clock
  /** Those of the environment, which can never be taken away. */
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
    if (this.#rules !== undefined && this.#clock.now() - this.#readAt < FRESH_MS) return this.#rules
    // Whoever needs the directory will notice that it is away; what was known last does for the others.
    await this.#read().catch(() => {})
    return this.#rules ?? handleRules(this.#domains)
  }

  async settings(): Promise<HandleSettings> {
    await this.#read()
    return this.#settings
  }

  /** Throws 400 where a domain would go that accounts have handles under. */
  async change(settings: HandleSettings): Promise<void> {
    const { directory } = this.#dispatch
    const stays = new Set([...this.#domains, ...settings.domains])
    const { domains } = await this.settings()
    for (const suffix of domains.filter((domain) => !stays.has(domain))) {
      if (await directory.settings.hasHandlesUnder({ suffix })) {
        throw invalidRequest(`Accounts have handles under ${suffix}`)
      }
    }
    await directory.settings.put({ name, value: JSON.stringify(settings) })
    this.#keep(settings)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#dispatch.directory.settings
      .get({ name })
      .then((value) => {
        this.#keep(value === null ? noHandleSettings : parseHandleSettings(JSON.parse(value)))
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  #keep(settings: HandleSettings): void {
    this.#settings = settings
    this.#rules = handleRules(this.#domains, settings)
    this.#readAt = this.#clock.now()
  }
}
