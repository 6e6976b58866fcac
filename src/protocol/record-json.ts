/**
 * A record's block (DAG-CBOR) directly to JSON text, with `$link` and `$bytes` (data model specification). Imported
 * records may have values that the data model does not: a float becomes a JSON number, `undefined` null, an integer
 * keeps all its digits, and a link is written in the way of its CID's version.
 */
import { decodeCid } from '@atproto/lex-data'
import { cidFromBytes } from '#src/protocol/cid.ts'

/** Expects blocks that were read when they were stored. */
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
        return String(typeof size === 'bigint' ? -1n - size : -1 - size)
    }
    // No block is as long as what Number could not count.
    return this.#container(major, Number(size))
  }

  #container(major: number, size: number): string {
    switch (major) {
      case 2:
        return `{"$bytes":"${this.#take(size).toString('base64').replace(/=+$/, '')}"}`
      case 3:
        this.#at += size
        return JSON.stringify(this.#bytes.toString('utf8', this.#at - size, this.#at))
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
    const size = Number(this.#size(this.#bytes[this.#at++]! & 31))
    const bytes = this.#take(size).subarray(1)
    const cid = bytes[0] === 1 ? cidFromBytes(bytes) : decodeCid(bytes).toString()
    return `{"$link":"${cid}"}`
  }

  #simple(initial: number): string {
    if (initial === 0xf4) return 'false'
    if (initial === 0xf5) return 'true'
    if (initial === 0xf6 || initial === 0xf7) return 'null'
    const at = this.#at
    if (initial === 0xf9) {
      this.#at += 2
      return JSON.stringify(halfFloat(this.#bytes.readUInt16BE(at)))
    }
    if (initial === 0xfa) {
      this.#at += 4
      return JSON.stringify(this.#bytes.readFloatBE(at))
    }
    if (initial === 0xfb) {
      this.#at += 8
      return JSON.stringify(this.#bytes.readDoubleBE(at))
    }
    throw new Error(`not a DAG-CBOR record: initial byte ${initial}`)
  }

  #size(info: number): number | bigint {
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
    const size = this.#bytes.readBigUInt64BE(at)
    return size <= Number.MAX_SAFE_INTEGER ? Number(size) : size
  }

  #take(size: number): Buffer {
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}

/** IEEE 754 binary16; NaN for every number that is not finite, of which JSON.stringify makes null. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
