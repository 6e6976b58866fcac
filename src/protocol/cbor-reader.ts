/** Reads DAG-CBOR field by field, and skips what the reader does not ask for: for frames, whose blocks are not decoded. */

export class CborReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** How many entries follow. Like all others, throws if the next value is of another type. */
  map(): number {
    return this.#head(5)
  }

  array(): number {
    return this.#head(4)
  }

  text(): string {
    const size = this.#head(3)
    const at = this.#at
    this.#advance(size)
    return this.#bytes.toString('utf8', at, this.#at)
  }

  /** Undefined for null. */
  textOrNull(): string | undefined {
    if (this.#bytes[this.#at] !== 0xf6) return this.text()
    this.#at += 1
    return undefined
  }

  /** A view. */
  bytes(): Buffer {
    const size = this.#head(2)
    const at = this.#at
    this.#advance(size)
    return this.#bytes.subarray(at, this.#at)
  }

  bool(): boolean {
    const byte = this.#bytes[this.#at++]
    if (byte === 0xf4 || byte === 0xf5) return byte === 0xf5
    throw unexpected(byte)
  }

  /** The CID's bytes, a view; undefined for null. */
  link(): Buffer | undefined {
    if (this.#bytes[this.#at] === 0xf6) {
      this.#at += 1
      return undefined
    }
    this.#head(6)
    return this.bytes().subarray(1)
  }

  skip(): void {
    const major = this.#bytes[this.#at]! >> 5
    if (major === 7) {
      this.#skipSimple()
      return
    }
    const size = this.#head(major)
    if (major === 2 || major === 3) this.#advance(size)
    const values = major === 4 ? size : major === 5 ? 2 * size : major === 6 ? 1 : 0
    for (let i = 0; i < values; i++) this.skip()
  }

  #skipSimple(): void {
    const info = this.#bytes[this.#at++]! & 31
    this.#advance(info < 24 ? 0 : 2 ** (info - 24))
  }

  #head(major: number): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined || byte >> 5 !== major) throw unexpected(byte)
    const info = byte & 31
    if (info < 24) return info
    const at = this.#at
    this.#advance(2 ** (info - 24))
    if (info === 24) return this.#bytes[at]!
    if (info === 25) return this.#bytes.readUInt16BE(at)
    if (info === 26) return this.#bytes.readUInt32BE(at)
    return Number(this.#bytes.readBigUInt64BE(at))
  }

  #advance(size: number): void {
    this.#at += size
    if (this.#at > this.#bytes.length) throw new Error('DAG-CBOR ends within a value')
  }
}

function unexpected(byte: number | undefined): Error {
  return new Error(`not the DAG-CBOR value that was expected: initial byte ${byte}`)
}
