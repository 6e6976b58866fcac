/** What the exports of all accounts of a process may use together. */
import { unavailable, XrpcError } from '#src/errors.ts'

// An open export holds some 1 MB: two pages and what is read ahead.
const MAX_OPEN = 150
const MAX_OPEN_BY_ADDRESS = 50
/** Bytes of replaced records that are kept for running exports: of all of them, and of one. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024
const MAX_KEPT_BYTES_EACH = 32 * 1024 * 1024

export class ExportLimits {
  readonly maxKeptBytesEach: number
  readonly #maxKeptBytes: number
  #open = 0
  readonly #byAddress = new Map<string, number>()
  #keptBytes = 0

  constructor({ keptBytes = MAX_KEPT_BYTES, keptBytesEach = MAX_KEPT_BYTES_EACH } = {}) {
    this.maxKeptBytesEach = keptBytesEach
    this.#maxKeptBytes = keptBytes
  }

  /** Throws 503 or 429. `end` what has begun. */
  begin(address: string | undefined): void {
    if (this.#open >= MAX_OPEN) throw unavailable('Too many exports at once, please try again')
    if (address !== undefined) {
      const own = this.#byAddress.get(address) ?? 0
      if (own >= MAX_OPEN_BY_ADDRESS) throw tooManyByAddress()
      this.#byAddress.set(address, own + 1)
    }
    this.#open++
  }

  end(address: string | undefined): void {
    this.#open--
    if (address === undefined) return
    const own = this.#byAddress.get(address)! - 1
    if (own === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, own)
  }

  /** Whether there is room for these bytes, which are counted until they are released. */
  keep(bytes: number): boolean {
    if (this.#keptBytes + bytes > this.#maxKeptBytes) return false
    this.#keptBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#keptBytes -= bytes
  }
}

export function tooManyByAddress(): XrpcError {
  return new XrpcError(429, 'RateLimitExceeded', 'Too many exports at once from your address')
}
