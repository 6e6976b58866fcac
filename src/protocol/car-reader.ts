/** Reads a CAR v1 file from a stream of chunks, and checks every block against its CID. */
import { decode } from '@atproto/lex-cbor'
import { isCid as isCidLink } from '@atproto/lex-data'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { Block } from '#src/protocol/car.ts'
import { CID_LENGTH, cidForCbor, cidForRaw, cidFromBytes } from '#src/protocol/cid.ts'

// Larger than any repo block that a #commit can carry.
const MAX_BLOCK_BYTES = 2 * 1024 * 1024
const MAX_HEADER_BYTES = 64 * 1024
// Sections of these lengths have varints of at most this many bytes.
const MAX_VARINT_BYTES = 4

export class CarReader {
  #rest: Uint8Array = new Uint8Array()
  #roots: readonly string[] | undefined

  get roots(): readonly string[] | undefined {
    return this.#roots
  }

  /** The blocks that this chunk completes; their bytes are views of it. Throws 400 if it is not a CAR file. */
  push(chunk: Uint8Array): Block[] {
    let bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk)
    const blocks: Block[] = []
    for (;;) {
      const section = nextSection(
        bytes,
        this.#roots === undefined ? MAX_HEADER_BYTES : MAX_BLOCK_BYTES,
      )
      if (section === undefined) break
      bytes = bytes.subarray(section.end)
      if (this.#roots === undefined) this.#roots = readHeader(section.body)
      else blocks.push(readSection(section.body))
    }
    this.#rest = bytes.slice()
    return blocks
  }

  /** Call after the last chunk. Throws 400 if the file is truncated. */
  end(): void {
    if (this.#roots === undefined || this.#rest.length > 0) throw badCar('it is truncated')
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

function nextSection(
  bytes: Uint8Array,
  maxBytes: number,
): { body: Uint8Array; end: number } | undefined {
  let length = 0
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    if (length === 0 || length > maxBytes + CID_LENGTH) throw badCar(`a section of ${length} bytes`)
    const end = i + 1 + length
    return bytes.length < end ? undefined : { body: bytes.subarray(i + 1, end), end }
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

// CIDv1, dag-cbor or raw, sha-256: the CIDs that repos use.
function readSection(body: Uint8Array): Block {
  const isKnown =
    body.length >= CID_LENGTH &&
    body[0] === 1 &&
    (body[1] === 0x71 || body[1] === 0x55) &&
    body[2] === 0x12 &&
    body[3] === 32
  if (!isKnown) throw badCar('a block with an unsupported CID')
  const cid = cidFromBytes(body.subarray(0, CID_LENGTH))
  const bytes = body.subarray(CID_LENGTH)
  if ((body[1] === 0x71 ? cidForCbor(bytes) : cidForRaw(bytes)) !== cid) {
    throw badCar(`block ${cid} does not have that CID`)
  }
  return [cid, bytes]
}

function badCar(what: string): XrpcError {
  return invalidRequest(`Invalid CAR file: ${what}`)
}
