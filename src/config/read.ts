/** Reads values from environment variables; collects all errors, so that they can be reported at once. */

export type Environment = Readonly<Record<string, string | undefined>>

/** An empty variable counts as not set, as in the reference PDS. */
export class EnvironmentReader {
  readonly errors: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim()
    return value === '' ? undefined : value
  }

  /** `expected` completes the message "NAME must be …". */
  checked(name: string, expected: string, isValid: (value: string) => boolean): string | undefined {
    const value = this.text(name)
    if (value === undefined || isValid(value)) return value
    return this.#invalid(name, expected, value)
  }

  /** Not trimmed, and never part of a message. */
  secret(name: string, expected: string, isValid: (value: string) => boolean): string | undefined {
    const value = this.#env[name] || undefined
    if (value === undefined || isValid(value)) return value
    this.errors.push(`${name} must be ${expected}`)
    return undefined
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    return this.#invalid(name, `an integer from ${min} to ${max}`, value)
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === 'true' || value === '1') return true
    if (value === 'false' || value === '0') return false
    return this.#invalid(name, 'true or false', value)
  }

  choice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const value = this.text(name)
    if (value === undefined || choices.includes(value as C)) return value as C | undefined
    return this.#invalid(name, `one of ${choices.join(', ')}`, value)
  }

  list(name: string, expected: string, isValid: (value: string) => boolean): string[] | undefined {
    const values = this.text(name)
      ?.split(',')
      .map((value) => value.trim())
    if (values === undefined || values.every(isValid)) return values
    return this.#invalid(name, expected, values.join(','))
  }

  url(name: string): string | undefined {
    const value = this.checked(name, 'an http or https URL', isHttpUrl)
    return value?.replace(/\/+$/, '')
  }

  urls(name: string): string[] | undefined {
    const values = this.list(name, 'a comma-separated list of http or https URLs', isHttpUrl)
    return values?.map((value) => value.replace(/\/+$/, ''))
  }

  missing(name: string, reason: string): undefined {
    this.errors.push(`${name} is required: ${reason}`)
    return undefined
  }

  #invalid(name: string, expected: string, value: string): undefined {
    this.errors.push(`${name} must be ${expected}, not "${value}"`)
    return undefined
  }
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}
