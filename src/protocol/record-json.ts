/** A record's block (DAG-CBOR) directly to JSON text, with `$link` and `$bytes` (data model specification). */
import { cidFromBytes } from '#src/protocol/cid.ts'

/** Expects valid blocks: they were validated when they were stored. */
export function recordJson(block: Uint8Array): string {
  return new Reader(block).value()
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(block: Uint8Array) {
    this.#bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  }

  value(): string {
    const initial = this.#bytes[this.#at++]!
    const major = initial >> 5
    if (major === 7) return this.#simple(initial)
    const size = this.#size(initial & 31)
    switch (major) {
      case 0:
        return String(size)
      case 1:
        return String(-1 - size)
      case 2:
        return `{"$bytes":"${this.#take(size).toString('base64').replace(/=+$/, '')}"}`
      case 3:
        return JSON.stringify(this.#take(size).toString('utf8'))
      case 4:
        return `[${this.#many(size, () => this.value())}]`
      case 5:
        return `{${this.#many(size, () => `${this.value()}:${this.value()}`)}}`
      default:
        return this.#link()
    }
  }

  #many(count: number, one: () => string): string {
    let out = ''
    for (let i = 0; i < count; i++) out += i === 0 ? one() : `,${one()}`
    return out
  }

  // Tag 42: a byte string of a zero byte and the CID.
  #link(): string {
    const size = this.#size(this.#bytes[this.#at++]! & 31)
    return `{"$link":"${cidFromBytes(this.#take(size).subarray(1))}"}`
  }

  #simple(initial: number): string {
    if (initial === 0xf4) return 'false'
    if (initial === 0xf5) return 'true'
    if (initial === 0xf6) return 'null'
    throw new Error(`not a DAG-CBOR record: initial byte ${initial}`)
  }

  #size(info: number): number {
    if (info < 24) return info
    const at = this.#at
    if (info === 24) {
      this.#at += 1
      return this.#bytes[at]!
    }
    if (info === 25) {
      this.#at += 2
      return this.#bytes.readUInt16BE(at)
    }
    if (info === 26) {
      this.#at += 4
      return this.#bytes.readUInt32BE(at)
    }
    this.#at += 8
    return Number(this.#bytes.readBigUInt64BE(at))
  }

  #take(size: number): Buffer {
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}
