/** Values out of an environment: each reader returns a value or notes a mistake, so that all mistakes are told at once. */

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables by name. An empty one counts as not set, as in the reference. */
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

  /** Text that `isRight` accepts; `expected` completes the sentence "NAME must be …". */
  checked(name: string, expected: string, isRight: (value: string) => boolean): string | undefined {
    const value = this.text(name)
    if (value === undefined || isRight(value)) return value
    return this.#wrong(name, expected, value)
  }

  /** Text that is taken as it stands, and never shown in a message. */
  secret(name: string, expected: string, isRight: (value: string) => boolean): string | undefined {
    const value = this.#env[name] || undefined
    if (value === undefined || isRight(value)) return value
    this.errors.push(`${name} must be ${expected}`)
    return undefined
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= least && number <= most) return number
    return this.#wrong(name, `a whole number from ${least} to ${most}`, value)
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === 'true' || value === '1') return true
    if (value === 'false' || value === '0') return false
    return this.#wrong(name, 'true or false', value)
  }

  choice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const value = this.text(name)
    if (value === undefined || choices.includes(value as C)) return value as C | undefined
    return this.#wrong(name, `one of ${choices.join(', ')}`, value)
  }

  /** Values between commas; all of them must be right. */
  list(name: string, expected: string, isRight: (value: string) => boolean): string[] | undefined {
    const values = this.text(name)
      ?.split(',')
      .map((value) => value.trim())
    if (values === undefined || values.every(isRight)) return values
    return this.#wrong(name, expected, values.join(','))
  }

  /** An http or https address, without the slash at its end. */
  url(name: string): string | undefined {
    const value = this.checked(name, 'an http or https URL', isHttpUrl)
    return value?.replace(/\/+$/, '')
  }

  /** Such addresses between commas. */
  urls(name: string): string[] | undefined {
    const values = this.list(name, 'http or https URLs between commas', isHttpUrl)
    return values?.map((value) => value.replace(/\/+$/, ''))
  }

  missing(name: string, why: string): undefined {
    this.errors.push(`${name} is missing: ${why}`)
    return undefined
  }

  #wrong(name: string, expected: string, value: string): undefined {
    this.errors.push(`${name} must be ${expected}, not "${value}"`)
    return undefined
  }
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}
