/** Reads ZIP files by their directory at the end, as people's tools do; throws if a file is not as its entry says. */
import { crc32 } from 'node:zlib'

export interface ZipEntry {
  name: string
  bytes: Buffer
}

const END = 0x06054b50
const END_ZIP64 = 0x06064b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50

export function readZip(file: Buffer): ZipEntry[] {
  const end = file.length - 22
  expectSignature(file, end, END)
  let count: number = file.readUInt16LE(end + 10)
  let at: number = file.readUInt32LE(end + 16)
  if (count === 0xffff) {
    const zip64 = Number(file.readBigUInt64LE(end - 20 + 8))
    expectSignature(file, zip64, END_ZIP64)
    count = Number(file.readBigUInt64LE(zip64 + 32))
    at = Number(file.readBigUInt64LE(zip64 + 48))
  }
  const entries: ZipEntry[] = []
  for (let i = 0; i < count; i++) {
    expectSignature(file, at, ENTRY)
    const [crc, size] = [file.readUInt32LE(at + 16), file.readUInt32LE(at + 24)]
    const [nameLength, extraLength] = [file.readUInt16LE(at + 28), file.readUInt16LE(at + 30)]
    const name = file.subarray(at + 46, at + 46 + nameLength).toString()
    const local = file.readUInt32LE(at + 42)
    expectSignature(file, local, LOCAL)
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
    const bytes = file.subarray(start, start + size)
    if (crc32(bytes) !== crc) throw new Error(`wrong checksum of ${name}`)
    entries.push({ name, bytes })
    at += 46 + nameLength + extraLength
  }
  return entries
}

function expectSignature(file: Buffer, at: number, signature: number): void {
  if (file.readUInt32LE(at) !== signature) throw new Error(`no ${signature.toString(16)} at ${at}`)
}
