import { encode } from '@ipld/dag-cbor'
import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import type { Block } from '#src/protocol/car.ts'
import { type CarBlock, CarReader } from '#src/protocol/car-reader.ts'
import { CID_LENGTH, cidBytes, cidForCbor, cidForRaw, cidFromBytes } from '#src/protocol/cid.ts'
import { cborLengths, encodedCar, varintLengths } from '#tests/support/foreign-encoders.ts'

const MiB = 1024 * 1024
const root = cidForCbor(Uint8Array.of(0xa0))

function rawBlock(bytes: Uint8Array): Block {
  return [cidForRaw(bytes), bytes]
}

function blockOf(length: number): Block {
  return rawBlock(new Uint8Array(length).fill(length))
}

/** Varint of the length, and the bytes. */
function section(bytes: Uint8Array, length = bytes.length): Uint8Array {
  return Buffer.concat([
    varint.encodeTo(length, new Uint8Array(varint.encodingLength(length))),
    bytes,
  ])
}

function headerOf(value: unknown): Uint8Array {
  return section(encode(value))
}

const header = headerOf({ version: 1, roots: [] })

function readWhole(file: Uint8Array, piece = file.length): { roots: unknown; blocks: Block[] } {
  const reader = new CarReader()
  const blocks: Block[] = []
  for (let at = 0; at < file.length; at += piece) {
    blocks.push(...reader.push(file.subarray(at, at + piece)).map(asBlock))
  }
  reader.end()
  return { roots: reader.roots, blocks }
}

const asBlock = ({ cid, bytes }: CarBlock): Block => [cidFromBytes(cid), bytes]

/** The blocks, with digests for their bytes. */
function summary(blocks: readonly Block[]): string[] {
  return blocks.map(([cid, bytes]) => `${cid} ${bytes.length} ${cidForRaw(bytes)}`)
}

function refusal(message: RegExp) {
  const text = expect.stringMatching(message)
  return expect.objectContaining({ status: 400, error: 'InvalidRequest', message: text })
}

it.each([0, 1, 2, 23, 24, 255, 256, 400])(
  'CarReader reads %i roots as other libraries wrote them',
  async (count) => {
    const roots = Array.from({ length: count }, (_, i) => cidForRaw(Uint8Array.of(i, i >> 8)))
    expect(readWhole(await encodedCar(roots, []))).toEqual({ roots, blocks: [] })
  },
)

it.each([...cborLengths, ...varintLengths.map((length) => length - CID_LENGTH)])(
  'CarReader reads a block of %i bytes as other libraries wrote it',
  async (length) => {
    const blocks = [blockOf(length), blockOf(3)]
    const read = readWhole(await encodedCar([root], blocks), 1_000_000)
    expect(read.roots).toEqual([root])
    expect(summary(read.blocks)).toEqual(summary(blocks))
  },
)

it('CarReader reads a file in pieces of any size, as other libraries wrote it', async () => {
  const cbor = encode({ text: 'grüße' })
  const blocks: Block[] = [[cidForCbor(cbor), cbor], blockOf(0), blockOf(92), blockOf(220)]
  const file = await encodedCar([root], blocks)
  for (let piece = 1; piece <= file.length; piece++) {
    const read = readWhole(file, piece)
    expect(read.roots).toEqual([root])
    expect(summary(read.blocks)).toEqual(summary(blocks))
  }
})

it('CarReader gives a block with the piece that completes it', async () => {
  const blocks = [blockOf(10), blockOf(200)]
  const file = await encodedCar([root], blocks)
  const reader = new CarReader()
  expect(reader.roots).toBeUndefined()
  expect(reader.push(new Uint8Array())).toEqual([])
  const [first, second] = [file.length - 238, file.length]
  expect(reader.push(file.subarray(0, first - 1))).toEqual([])
  expect(reader.roots).toEqual([root])
  expect(summary(reader.push(file.subarray(first - 1, first)).map(asBlock))).toEqual(
    summary(blocks.slice(0, 1)),
  )
  expect(reader.push(file.subarray(first, second - 1))).toEqual([])
  expect(summary(reader.push(file.subarray(second - 1)).map(asBlock))).toEqual(
    summary(blocks.slice(1)),
  )
})

it('CarReader keeps what it needs of a piece whose memory is used again', async () => {
  const blocks = [blockOf(200)]
  const file = await encodedCar([root], blocks)
  const piece = file.slice(0, 150)
  const reader = new CarReader()
  expect(reader.push(piece)).toEqual([])
  piece.fill(0)
  expect(summary(reader.push(file.subarray(150)).map(asBlock))).toEqual(summary(blocks))
})

it.each([100_000, 2_500_000, 8_000_000])(
  'CarReader gives blocks of 2 MiB, and leaves out longer ones, in pieces of %i bytes',
  (piece) => {
    const [largest, small] = [rawBlock(new Uint8Array(2 * MiB)), rawBlock(Uint8Array.of(1))]
    const longer = rawBlock(new Uint8Array(2 * MiB + 1))
    const sections = [longer, largest, longer, small].map(([cid, bytes]) =>
      section(Buffer.concat([cidBytes(cid), bytes])),
    )
    const { blocks } = readWhole(Buffer.concat([header, ...sections]), piece)
    expect(summary(blocks)).toEqual(summary([largest, small]))
    const cut = Buffer.concat([header, sections[0]!.subarray(0, -1)])
    expect(() => readWhole(cut, piece)).toThrow(refusal(/it is truncated/))
  },
)

it('CarReader says where in the file the bytes of each block are', async () => {
  const blocks = [blockOf(10), blockOf(3_000_000), blockOf(0), blockOf(200)]
  const file = await encodedCar([root], blocks)
  for (const piece of [33, 1000, 1_000_000, file.length]) {
    const reader = new CarReader()
    const found: CarBlock[] = []
    for (let at = 0; at < file.length; at += piece) {
      found.push(...reader.push(file.subarray(at, at + piece)))
    }
    const expected = [blocks[0]!, blocks[2]!, blocks[3]!].map(([, bytes]) => cidForRaw(bytes))
    const placed = found.map(({ at, bytes }) => file.subarray(at, at + bytes.length))
    expect(placed.map(cidForRaw)).toEqual(expected)
  }
})

it('CarReader takes a header of 64 KiB, and refuses a longer one before its bytes have come', () => {
  const padded = (length: number) => ({ pad: 'x'.repeat(length), roots: [], version: 1 })
  const rest = encode(padded(65_000)).length - 65_000
  const largest = headerOf(padded(65_536 - rest))
  expect(readWhole(largest)).toEqual({ roots: [], blocks: [] })
  const announced = section(new Uint8Array(), 65_537)
  expect(() => new CarReader().push(announced)).toThrow(refusal(/a section of 65537 bytes/))
})

it('CarReader waits for the end of a varint of up to four bytes, and refuses a longer one', () => {
  const open = Uint8Array.of(0xff, 0xff, 0xff)
  const waiting = new CarReader()
  expect(waiting.push(open)).toEqual([])
  expect(() => waiting.push(Uint8Array.of(0x7f))).toThrow(refusal(/a section of 268435455 bytes/))
  const endless = new CarReader()
  expect(endless.push(open)).toEqual([])
  expect(() => endless.push(Uint8Array.of(0xff))).toThrow(
    refusal(/a section with an invalid length/),
  )
})

it.each([2 ** 21 + CID_LENGTH + 1, 2 ** 27 + 3 * 2 ** 14 + 5 * 2 ** 7 + 7, 2 ** 28 - 1])(
  'CarReader refuses a header of %i bytes by that number',
  (length) => {
    const announced = section(new Uint8Array(), length)
    const message = new RegExp(`a section of ${length} bytes`)
    expect(() => new CarReader().push(announced)).toThrow(refusal(message))
  },
)

it.each<[string, Uint8Array, RegExp]>([
  ['a header of no bytes', Uint8Array.of(0), /a section of 0 bytes/],
  ['a section of no bytes', Buffer.concat([header, Uint8Array.of(0)]), /a section of 0 bytes/],
  ['a header that is not CBOR', section(Uint8Array.of(0xff)), /header is not DAG-CBOR/],
  ['a header that is null', headerOf(null), /its version is not 1/],
  ['a header that is an array', headerOf([1]), /its version is not 1/],
  ['a header without a version', headerOf({ roots: [] }), /its version is not 1/],
  ['a header of version 2', headerOf({ version: 2, roots: [] }), /its version is not 1/],
  ['a header of version "1"', headerOf({ version: '1', roots: [] }), /its version is not 1/],
  ['a header without roots', headerOf({ version: 1 }), /its version is not 1/],
  ['a header whose roots are no list', headerOf({ version: 1, roots: {} }), /its version is not 1/],
  ['a root that is text', headerOf({ version: 1, roots: [root] }), /a root is not a CID/],
  [
    'one bad root of two',
    headerOf({ version: 1, roots: [CID.parse(root), 1] }),
    /a root is not a CID/,
  ],
])('CarReader refuses %s', (_, file, message) => {
  expect(() => readWhole(file)).toThrow(refusal(message))
})

const cbor = encode({})
const [cborCid, rawCid] = [cidBytes(cidForCbor(cbor)), cidBytes(cidForRaw(cbor))]

const withCodec = (...codec: number[]) =>
  Buffer.concat([Uint8Array.of(1, ...codec), cborCid.subarray(2)])
const withDigest = (length: number) =>
  Buffer.concat([Uint8Array.of(1, 0x71, 0x13), section(new Uint8Array(length).fill(1))])
const CIDv0 = Buffer.concat([Uint8Array.of(0x12, 32), cborCid.subarray(4)])

it.each<[string, Uint8Array]>([
  ['of version 0', CIDv0],
  ['of version 0 that is all of it', CIDv0.subarray(0, 34 - cbor.length)],
  ['of another codec', cborCid.with(1, 0x70)],
  ['of a codec of two bytes', withCodec(0xa9, 2)],
  ['of a codec of five bytes', withCodec(0x81, 0x82, 0x83, 0x84, 1)],
  ['of another hash', cborCid.with(2, 0x13)],
  ['of a shorter digest', cborCid.with(3, 31)],
  ['of a digest of no bytes', Uint8Array.of(1, 0x71, 0, 0)],
  ['of a digest of 127 bytes', withDigest(127)],
  ['of a digest of 128 bytes', withDigest(128)],
  ['of a digest that ends with the block', withDigest(128).subarray(0, -1)],
])('CarReader leaves out a block with a CID %s', (_, cid) => {
  const file = Buffer.concat([header, section(Buffer.concat([cid, cbor]))])
  expect(readWhole(file).blocks).toEqual([])
})

it.each<[string, Uint8Array]>([
  ['of version 2', cborCid.with(0, 2)],
  ['of version 18', CIDv0.with(1, 33)],
  ['of a longer digest than there are bytes', cborCid.with(3, 34)],
  ['that is cut', cborCid.subarray(0, 34)],
  ['of version 0 that is cut', CIDv0.subarray(0, 32)],
  ['with a codec of six bytes', withCodec(0x81, 0x82, 0x83, 0x84, 0x85, 1)],
  ['with a codec without end', new Uint8Array(40).fill(0x81).with(0, 1)],
  ['of a digest of 128 bytes that is cut', withDigest(128).subarray(0, -2)],
  ['that is not there', new Uint8Array()],
])('CarReader refuses a block with a CID %s', (_, cid) => {
  const file = Buffer.concat([header, section(Buffer.concat([cid, cbor]))])
  expect(() => readWhole(file)).toThrow(refusal(/a block without a CID/))
})

it.each<[string, Uint8Array]>([
  ['of DAG-CBOR', cborCid],
  ['of raw bytes', rawCid],
])('CarReader takes a block %s with its own CID, and refuses it with another', (_, cid) => {
  const fileOf = (digestCid: Uint8Array, bytes: Uint8Array) =>
    Buffer.concat([header, section(Buffer.concat([digestCid, bytes]))])
  expect(readWhole(fileOf(cid, cbor)).blocks).toHaveLength(1)
  const refusedFor = (wrong: Uint8Array) =>
    refusal(new RegExp(`block ${cidFromBytes(wrong)} does not have that CID`))
  const other = cid.with(35, cid[35]! ^ 1)
  expect(() => readWhole(fileOf(other, cbor))).toThrow(refusedFor(other))
  const refused = refusedFor(cid)
  expect(() => readWhole(fileOf(cid, Uint8Array.of(0xa1)))).toThrow(refused)
  expect(() => readWhole(fileOf(cid, new Uint8Array()))).toThrow(refused)
})

it('CarReader refuses a file that is cut anywhere but between sections', async () => {
  const file = await encodedCar([root], [blockOf(200)])
  const taken: number[] = []
  for (let length = 0; length < file.length; length++) {
    const reader = new CarReader()
    reader.push(file.subarray(0, length))
    try {
      reader.end()
      taken.push(length)
    } catch (error) {
      expect(error).toEqual(refusal(/it is truncated/))
    }
  }
  expect(taken).toEqual([(await encodedCar([root], [])).length])
})
