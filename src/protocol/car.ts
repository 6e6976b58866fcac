/** CAR v1 files, written block by block (Content Addressable aRchives specification). */
import { CborWriter } from '#src/protocol/cbor.ts'
import { CID_LENGTH, writeCid } from '#src/protocol/cid.ts'

export type Block = readonly [cid: string, bytes: Uint8Array]

export function carHeader(roots: readonly string[]): Uint8Array {
  const header = new CborWriter().map(2).text('roots').array(roots.length)
  for (const root of roots) header.link(root)
  const body = header.text('version').uint(1).take()
  const out = new Uint8Array(varintLength(body.length) + body.length)
  out.set(body, writeVarint(body.length, out, 0))
  return out
}

export function carBlockLength(bytes: Uint8Array): number {
  const size = CID_LENGTH + bytes.length
  return varintLength(size) + size
}

export function writeCarBlock([cid, bytes]: Block, out: Uint8Array, at: number): number {
  const body = writeVarint(CID_LENGTH + bytes.length, out, at)
  writeCid(cid, out, body)
  out.set(bytes, body + CID_LENGTH)
  return body + CID_LENGTH + bytes.length
}

export function carFile(root: string | null, blocks: Iterable<Block>): Uint8Array {
  const header = carHeader(root === null ? [] : [root])
  const all = [...blocks]
  const size = all.reduce((sum, [, bytes]) => sum + carBlockLength(bytes), header.length)
  const out = new Uint8Array(size)
  out.set(header)
  let at = header.length
  for (const block of all) at = writeCarBlock(block, out, at)
  return out
}

/** Where the bytes of the first block are. */
export function firstBlockOf(car: Uint8Array): { at: number; length: number } {
  const [headerLength, header] = readVarint(car, 0)
  const [length, body] = readVarint(car, header + headerLength)
  return { at: body + CID_LENGTH, length: length - CID_LENGTH }
}

function readVarint(bytes: Uint8Array, from: number): [value: number, end: number] {
  let value = 0
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, at + 1]
  }
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

function writeVarint(value: number, out: Uint8Array, at: number): number {
  let rest = value
  let to = at
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[to++] = (rest & 0x7f) | 0x80
  out[to++] = rest
  return to
}
