/** Where the blocks of a file are, by their digests: some 50 bytes a block, and outside of the JavaScript heap. */

export interface BlockPlace {
  /** Offset of the block's bytes in the file. */
  readonly at: number
  readonly length: number
}

const FIRST_CAPACITY = 1024

// A digest that is looked for, as bytes and as words.
const bytes = new Uint8Array(32)
const words = new Uint32Array(bytes.buffer)

/** Digests are sha-256. */
export class BlockIndex {
  #capacity = FIRST_CAPACITY
  #size = 0
  #digests = new Uint32Array(FIRST_CAPACITY * words.length)
  #offsets = new Float64Array(FIRST_CAPACITY)
  #lengths = new Uint32Array(FIRST_CAPACITY)
  // Entry numbers from 1; 0 is a free slot. Twice as many slots as entries, so that probing stays short.
  #slots = new Uint32Array(FIRST_CAPACITY * 2)
  readonly #multiplier: number

  /** `seed` is a random integer of 32 bits, so that digests cannot be chosen to meet in few slots. */
  constructor(seed: number) {
    this.#multiplier = seed | 1
  }

  get size(): number {
    return this.#size
  }

  /** False if there is a block with this digest, which is kept. */
  add(digest: Uint8Array, { at, length }: BlockPlace): boolean {
    if (this.#size === this.#capacity) this.#grow()
    bytes.set(digest)
    const slot = this.#slotOf(words)
    if (this.#slots[slot] !== 0) return false
    const entry = this.#size++
    this.#digests.set(words, entry * words.length)
    this.#offsets[entry] = at
    this.#lengths[entry] = length
    this.#slots[slot] = entry + 1
    return true
  }

  find(digest: Uint8Array): BlockPlace | undefined {
    bytes.set(digest)
    const entry = this.#slots[this.#slotOf(words)]!
    if (entry === 0) return undefined
    return { at: this.#offsets[entry - 1]!, length: this.#lengths[entry - 1]! }
  }

  // The slot of the digest, or the free one where it belongs.
  #slotOf(digest: Uint32Array): number {
    const last = this.#slots.length - 1
    // Multiply-shift hashing: the highest bits of the product, as many as a slot's number has.
    let slot = Math.imul(digest[0]!, this.#multiplier) >>> Math.clz32(last)
    for (; ; slot = (slot + 1) & last) {
      const entry = this.#slots[slot]!
      if (entry === 0 || this.#isEntry(entry - 1, digest)) return slot
    }
  }

  #isEntry(entry: number, digest: Uint32Array): boolean {
    const start = entry * digest.length
    for (let i = 0; i < digest.length; i++) {
      if (this.#digests[start + i] !== digest[i]) return false
    }
    return true
  }

  #grow(): void {
    this.#capacity *= 2
    const digests = new Uint32Array(this.#capacity * words.length)
    digests.set(this.#digests)
    this.#digests = digests
    const offsets = new Float64Array(this.#capacity)
    offsets.set(this.#offsets)
    this.#offsets = offsets
    const lengths = new Uint32Array(this.#capacity)
    lengths.set(this.#lengths)
    this.#lengths = lengths
    this.#slots = new Uint32Array(this.#capacity * 2)
    for (let entry = 0; entry < this.#size; entry++) {
      const start = entry * words.length
      this.#slots[this.#slotOf(digests.subarray(start, start + words.length))] = entry + 1
    }
  }
}
