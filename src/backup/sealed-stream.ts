/**
 * Encrypts what leaves the machine: AES-256-GCM in chunks, each with its number and whether it is the last one, so that
 * nothing can be changed, reordered or cut off. The object's name belongs to it: none can take another's place.
 *
 * A sealed object is `HWS1`, 16 bytes of salt, and for each chunk of 256 KiB its ciphertext and a tag of 16 bytes.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const MAGIC = Buffer.from('HWS1')
const SALT_BYTES = 16
const HEAD_BYTES = MAGIC.length + SALT_BYTES
const CHUNK_BYTES = 256 * 1024
const TAG_BYTES = 16
const algorithm = 'aes-256-gcm'

type Bytes = AsyncIterable<Uint8Array>

/** `key` has 32 bytes. */
export async function* sealed(
  source: Bytes,
  key: Uint8Array,
  name: string,
): AsyncGenerator<Uint8Array> {
  const salt = randomBytes(SALT_BYTES)
  const objectKey = derived(key, salt)
  yield Buffer.concat([MAGIC, salt])
  let n = 0
  for await (const { chunk, isLast } of chunksOf(source, CHUNK_BYTES)) {
    const cipher = createCipheriv(algorithm, objectKey, nonceOf(n++, isLast), {
      authTagLength: TAG_BYTES,
    })
    cipher.setAAD(Buffer.from(name))
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()])
  }
}

/** Throws if the object was changed, or sealed with another key or under another name. */
export async function* opened(
  source: Bytes,
  key: Uint8Array,
  name: string,
): AsyncGenerator<Uint8Array> {
  let objectKey: Buffer | undefined
  let n = 0
  for await (const { chunk, isLast } of chunksOf(source, CHUNK_BYTES + TAG_BYTES, HEAD_BYTES)) {
    if (objectKey === undefined) {
      if (!isSealed(chunk)) throw new Error(`${name} is not encrypted, or damaged`)
      objectKey = derived(key, chunk.subarray(MAGIC.length))
      continue
    }
    yield openChunk(chunk, objectKey, nonceOf(n++, isLast), name)
  }
  if (n === 0) throw new Error(`${name} is damaged: its end is missing`)
}

export function isSealed(head: Uint8Array): boolean {
  return MAGIC.equals(head.subarray(0, MAGIC.length))
}

function openChunk(chunk: Buffer, key: Buffer, nonce: Buffer, name: string): Buffer {
  try {
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(chunk.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(chunk.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    const reason = 'is damaged, or was encrypted with another PDS_BACKUP_KEY_HEX'
    throw new Error(`${name} ${reason}`, { cause })
  }
}

function derived(key: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, 'headwater backup object', 32))
}

function nonceOf(n: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt8(isLast ? 1 : 0)
  nonce.writeUInt32BE(n, 8)
  return nonce
}

/** The source in chunks of a size, after a head of another; the last may be smaller, and empty if the source is. */
async function* chunksOf(
  source: Bytes,
  size: number,
  head = 0,
): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let parts: Uint8Array[] = []
  let length = 0
  let wanted = head || size
  for await (const part of source) {
    parts.push(part)
    length += part.length
    if (length <= wanted) continue
    let all = Buffer.concat(parts)
    // The last chunk is known only by what does not follow.
    for (; all.length > wanted; wanted = size) {
      yield { chunk: all.subarray(0, wanted), isLast: false }
      all = all.subarray(wanted)
    }
    parts = [all]
    length = all.length
  }
  yield { chunk: Buffer.concat(parts), isLast: true }
}
