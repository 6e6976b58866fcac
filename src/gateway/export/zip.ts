/**
 * A ZIP file as a stream (PKWARE's APPNOTE, 6.3). Files are stored without compression, since most are pictures and videos;
 * the size and the checksum of each follow its bytes, so that nothing need be known before it is read. ZIP64 where it must be.
 * Not the package client-zip (2.5.1), since it writes more than 65,535 small files without ZIP64, and so loses the rest, and
 * does not close the file that it is reading if the reader leaves.
 */
import { crc32 } from 'node:zlib'

export interface ZipFile {
  name: string
  modifiedAt: number
  bytes: AsyncIterable<Uint8Array>
}

/** Of a file that has been written. */
interface Entry {
  name: Buffer
  modifiedAt: number
  offset: number
  size: number
  crc: number
}

const MAX_32 = 0xffffffff
const MAX_16 = 0xffff
/** The sizes follow the bytes; names are UTF-8. */
const FLAGS = 0x0808
const VERSION = 20
const VERSION_ZIP64 = 45
const MADE_ON_UNIX = 3 << 8
const REGULAR_FILE = 0o100644

/** Keeps some 150 bytes for each file until the end. */
export async function* zip(files: AsyncIterable<ZipFile>): AsyncGenerator<Uint8Array> {
  const directory: Buffer[] = []
  let at = 0
  for await (const { name: text, modifiedAt, bytes } of files) {
    const entry: Entry = { name: Buffer.from(text), modifiedAt, offset: at, size: 0, crc: 0 }
    const header = localHeader(entry)
    yield header
    for await (const chunk of bytes) {
      entry.crc = crc32(chunk, entry.crc)
      entry.size += chunk.length
      yield chunk
    }
    const sizes = dataDescriptor(entry)
    yield sizes
    at += header.length + entry.size + sizes.length
    directory.push(directoryEntry(entry))
  }
  yield* directory
  const size = directory.reduce((sum, { length }) => sum + length, 0)
  yield endOfDirectory({ count: directory.length, size, offset: at })
}

function isLarge({ size }: Entry): boolean {
  return size >= MAX_32
}

function localHeader({ name, modifiedAt }: Entry): Buffer {
  const { bytes } = new Fields(30)
    .u32(0x04034b50)
    .u16(VERSION, FLAGS, 0, ...dosTime(modifiedAt))
    .u32(0, 0, 0)
    .u16(name.length, 0)
  return Buffer.concat([bytes, name])
}

function dataDescriptor(entry: Entry): Buffer {
  const { size, crc } = entry
  const fields = new Fields(isLarge(entry) ? 24 : 16).u32(0x08074b50, crc)
  return (isLarge(entry) ? fields.u64(size, size) : fields.u32(size, size)).bytes
}

function directoryEntry(entry: Entry): Buffer {
  const { name, modifiedAt, offset, size, crc } = entry
  const isZip64 = isLarge(entry) || offset >= MAX_32
  const extra = isZip64 ? new Fields(28).u16(1, 24).u64(size, size, offset).bytes : Buffer.alloc(0)
  const shownSize = isZip64 ? MAX_32 : size
  const { bytes } = new Fields(46)
    .u32(0x02014b50)
    .u16(MADE_ON_UNIX + VERSION_ZIP64, isZip64 ? VERSION_ZIP64 : VERSION, FLAGS, 0)
    .u16(...dosTime(modifiedAt))
    .u32(crc, shownSize, shownSize)
    .u16(name.length, extra.length, 0, 0, 0)
    .u32(REGULAR_FILE * 2 ** 16, isZip64 ? MAX_32 : offset)
  return Buffer.concat([bytes, name, extra])
}

function endOfDirectory(directory: { count: number; size: number; offset: number }): Buffer {
  const { count, size, offset } = directory
  const end = (n: number, bytes: number, start: number) =>
    new Fields(22).u32(0x06054b50).u16(0, 0, n, n).u32(bytes, start).u16(0).bytes
  if (count < MAX_16 && offset + size < MAX_32) return end(count, size, offset)
  const { bytes } = new Fields(76)
    .u32(0x06064b50)
    .u64(44)
    .u16(MADE_ON_UNIX + VERSION_ZIP64, VERSION_ZIP64)
    .u32(0, 0)
    .u64(count, count, size, offset)
    .u32(0x07064b50, 0)
    .u64(offset + size)
    .u32(1)
  return Buffer.concat([bytes, end(MAX_16, MAX_32, MAX_32)])
}

/** In UTC; seconds are even, and years begin with 1980. */
function dosTime(time: number): [time: number, date: number] {
  const at = new Date(Math.max(time, Date.UTC(1980)))
  return [
    (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  ]
}

/** Numbers one after another, little-endian. */
class Fields {
  readonly bytes: Buffer
  #at = 0

  constructor(length: number) {
    this.bytes = Buffer.alloc(length)
  }

  u16(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeUInt16LE(value, this.#at)
    return this
  }

  u32(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeUInt32LE(value, this.#at)
    return this
  }

  u64(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeBigUInt64LE(BigInt(value), this.#at)
    return this
  }
}
