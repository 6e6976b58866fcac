/** A DAG-CBOR encoder for the three shapes on the hot path: tree nodes, commits and firehose frames. */
import { CID_LENGTH, writeCid } from '#src/protocol/cid.ts'

export class CborWriter {
  #bytes = Buffer.allocUnsafe(16_384)
  #at = 0

  get length(): number {
    return this.#at
  }

  map(size: number): this {
    return this.#head(5, size)
  }

  array(size: number): this {
    return this.#head(4, size)
  }

  uint(value: number): this {
    return this.#head(0, value)
  }

  text(value: string): this {
    const size = Buffer.byteLength(value)
    this.#head(3, size).#room(size)
    this.#at += this.#bytes.write(value, this.#at, size, 'utf8')
    return this
  }

  bytes(value: Uint8Array): this {
    return this.#head(2, value.length).raw(value)
  }

  asciiBytes(value: string): this {
    this.#head(2, value.length).#room(value.length)
    this.#at += this.#bytes.write(value, this.#at, value.length, 'latin1')
    return this
  }

  /** A CID link (tag 42, with the multibase identity prefix), or null. */
  link(cid: string | null): this {
    if (cid === null) return this.#byte(0xf6)
    this.#room(CID_LENGTH + 5)
    this.#byte(0xd8)
      .#byte(42)
      .#byte(0x58)
      .#byte(CID_LENGTH + 1)
      .#byte(0)
    writeCid(cid, this.#bytes, this.#at)
    this.#at += CID_LENGTH
    return this
  }

  null(): this {
    return this.#byte(0xf6)
  }

  bool(value: boolean): this {
    return this.#byte(value ? 0xf5 : 0xf4)
  }

  raw(value: Uint8Array): this {
    this.#room(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }

  take(): Uint8Array {
    const out = new Uint8Array(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return out
  }

  #byte(value: number): this {
    this.#room(1)
    this.#bytes[this.#at++] = value
    return this
  }

  #head(major: number, size: number): this {
    this.#room(9)
    const type = major << 5
    if (size < 24) return this.#byte(type | size)
    if (size < 0x100) return this.#byte(type | 24).#byte(size)
    if (size < 0x10000) {
      this.#byte(type | 25)
      this.#at = this.#bytes.writeUInt16BE(size, this.#at)
    } else if (size < 0x1_0000_0000) {
      this.#byte(type | 26)
      this.#at = this.#bytes.writeUInt32BE(size, this.#at)
    } else {
      this.#byte(type | 27)
      this.#at = this.#bytes.writeBigUInt64BE(BigInt(size), this.#at)
    }
    return this
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const bigger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + more))
    bigger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = bigger
  }
}
