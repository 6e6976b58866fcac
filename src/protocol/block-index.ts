/** Where the blocks of a file are, by their digests: some 50 bytes a block, and outside of the JavaScript heap. */

export interface BlockPlace {
  /** Offset of the block's bytes in the file. */
  readonly at: number
  readonly length: number
}

const DIGEST_LENGTH = 32
const FIRST_CAPACITY = 1024

/** Digests are sha-256. */
export class BlockIndex {
  #capacity = FIRST_CAPACITY
  #size = 0
  #digests = Buffer.alloc(FIRST_CAPACITY * DIGEST_LENGTH)
  #offsets = new Float64Array(FIRST_CAPACITY)
  #lengths = new Uint32Array(FIRST_CAPACITY)
  // Entry numbers from 1; 0 is a free slot. Twice as many slots as entries, so that probing stays short.
  #slots = new Uint32Array(FIRST_CAPACITY * 2)
  readonly #seed: number

  /** `seed` is a random integer of 32 bits, so that digests cannot be chosen to meet in one slot. */
  constructor(seed: number) {
    this.#seed = seed
  }

  get size(): number {
    return this.#size
  }

  /** False if there is a block with this digest, which is kept. */
  add(digest: Uint8Array, { at, length }: BlockPlace): boolean {
    if (this.#size === this.#capacity) this.#grow()
    const slot = this.#slotOf(digest)
    if (this.#slots[slot] !== 0) return false
    const entry = this.#size++
    this.#digests.set(digest, entry * DIGEST_LENGTH)
    this.#offsets[entry] = at
    this.#lengths[entry] = length
    this.#slots[slot] = entry + 1
    return true
  }

  find(digest: Uint8Array): BlockPlace | undefined {
    const entry = this.#slots[this.#slotOf(digest)]!
    if (entry === 0) return undefined
    return { at: this.#offsets[entry - 1]!, length: this.#lengths[entry - 1]! }
  }

  // The slot of the digest, or the free one where it belongs.
  #slotOf(digest: Uint8Array): number {
    const mask = this.#slots.length - 1
    const word = digest[0]! | (digest[1]! << 8) | (digest[2]! << 16) | (digest[3]! << 24)
    let hash = Math.imul(word ^ this.#seed, 0x9e3779b1)
    hash ^= hash >>> 15
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === 0 || this.#isEntry(entry - 1, digest)) return slot
    }
  }

  #isEntry(entry: number, digest: Uint8Array): boolean {
    const start = entry * DIGEST_LENGTH
    return this.#digests.compare(digest, 0, DIGEST_LENGTH, start, start + DIGEST_LENGTH) === 0
  }

  #grow(): void {
    this.#capacity *= 2
    const digests = Buffer.alloc(this.#capacity * DIGEST_LENGTH)
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
      const start = entry * DIGEST_LENGTH
      this.#slots[this.#slotOf(digests.subarray(start, start + DIGEST_LENGTH))] = entry + 1
    }
  }
}
