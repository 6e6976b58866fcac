/** Reads a CAR v1 file from a stream of chunks, and checks every block of a repo against its CID. */
import { hash } from 'node:crypto'
import { decode } from '@atproto/lex-cbor'
import { isCid as isCidLink } from '@atproto/lex-data'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import { CID_LENGTH, cidFromBytes } from '#src/protocol/cid.ts'

/** `cid` and `bytes` are views of the chunk; `at` is the offset of `bytes` in the file. */
export interface CarBlock {
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
  readonly at: number
}

/** Larger than any repo block that a #commit can carry. */
const MAX_BLOCK_BYTES = 2 * 1024 * 1024
const MAX_HEADER_BYTES = 64 * 1024
// Sections of these lengths have varints of at most this many bytes.
const MAX_VARINT_BYTES = 4

interface Section {
  length: number
  /** Where the body begins. */
  start: number
}

export class CarReader {
  #rest: Uint8Array = new Uint8Array()
  /** Offset of `#rest` in the file. */
  #offset = 0
  /** Bytes still to come of a section that is too large. */
  #skip = 0
  #roots: readonly string[] | undefined

  get roots(): readonly string[] | undefined {
    return this.#roots
  }

  /**
   * The blocks that this chunk completes. Blocks whose CIDs no repo has, and blocks of more than 2 MiB, are left out.
   * Throws 400 if it is not a CAR file, or if a block does not have its CID.
   */
  push(chunk: Uint8Array): CarBlock[] {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk)
    const blocks: CarBlock[] = []
    let at = this.#skipPart(bytes.length, 0)
    while (this.#skip === 0) {
      const section = nextSection(bytes, at)
      if (section === undefined) break
      const end = section.start + section.length
      if (this.#roots === undefined) {
        if (section.length > MAX_HEADER_BYTES) throw badLength(section.length)
        if (end > bytes.length) break
        this.#roots = readHeader(bytes.subarray(section.start, end))
        at = end
      } else if (section.length > MAX_BLOCK_BYTES + CID_LENGTH) {
        this.#skip = section.length
        at = this.#skipPart(bytes.length, section.start)
      } else {
        if (end > bytes.length) break
        const block = readSection(bytes, section, this.#offset)
        if (block !== undefined) blocks.push(block)
        at = end
      }
    }
    this.#rest = bytes.slice(at)
    this.#offset += at
    return blocks
  }

  /** Call after the last chunk. Throws 400 if the file is truncated. */
  end(): void {
    if (this.#roots === undefined || this.#rest.length > 0 || this.#skip > 0) {
      throw badCar('it is truncated')
    }
  }

  #skipPart(length: number, from: number): number {
    const part = Math.min(this.#skip, length - from)
    this.#skip -= part
    return from + part
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

function nextSection(bytes: Uint8Array, at: number): Section | undefined {
  let length = 0
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    if (length === 0) throw badLength(length)
    return { length, start: at + i + 1 }
  }
  throw badCar('a section with an invalid length')
}

function readHeader(body: Uint8Array): string[] {
  const header = decoded(body)
  const { version, roots } = Object(header) as { version?: unknown; roots?: unknown }
  if (version !== 1 || !Array.isArray(roots)) throw badCar('its version is not 1')
  return roots.map((root: unknown) => {
    if (!isCidLink(root)) throw badCar('a root is not a CID')
    return root.toString()
  })
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch {
    throw badCar('its header is not DAG-CBOR')
  }
}

function readSection(
  bytes: Uint8Array,
  { start, length }: Section,
  offset: number,
): CarBlock | undefined {
  const body = bytes.subarray(start, start + length)
  if (!isRepoCid(body)) {
    if (!beginsWithCid(body)) throw badCar('a block without a CID')
    return undefined
  }
  const content = body.subarray(CID_LENGTH)
  if (hash('sha256', content, 'buffer').compare(body, 4, CID_LENGTH) !== 0) {
    throw badCar(`block ${cidFromBytes(body.subarray(0, CID_LENGTH))} does not have that CID`)
  }
  return {
    cid: body.subarray(0, CID_LENGTH),
    bytes: content,
    at: offset + start + CID_LENGTH,
  }
}

// CIDv1, dag-cbor or raw, sha-256: the CIDs that repos use.
function isRepoCid(body: Uint8Array): boolean {
  const codec = body[1]
  return (
    body.length >= CID_LENGTH &&
    body[0] === 1 &&
    (codec === 0x71 || codec === 0x55) &&
    body[2] === 0x12 &&
    body[3] === 32
  )
}

// A CIDv0, or a version, a codec, a hash function, and a digest of its own length.
function beginsWithCid(body: Uint8Array): boolean {
  if (body[0] === 0x12 && body[1] === 32) return body.length >= 34
  let at = 0
  let value = 0
  for (let field = 0; field < 4; field++) {
    value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++]
      if (byte === undefined || shift > 28) return false
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    if (field === 0 && value !== 1) return false
  }
  return at + value <= body.length
}

function badLength(length: number): XrpcError {
  return badCar(`a section of ${length} bytes`)
}

function badCar(what: string): XrpcError {
  return invalidRequest(`Invalid CAR file: ${what}`)
}
