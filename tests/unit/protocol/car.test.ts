import { fromUint8Array } from '@atcute/car'
import { toString as textOf } from '@atcute/cid'
import { readCar } from '@atproto/repo'
import { CarReader } from '@ipld/car'
import { expect, it } from 'vitest'
import { type Block, carBlockLength, carFile, carHeader, writeCarBlock } from '#src/protocol/car.ts'
import { CID_LENGTH, cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { encodedCar, expectBytes, varintLengths } from '#tests/support/foreign-encoders.ts'

/** A block whose section in a CAR file, its CID included, is this long. */
function blockOf(length: number): Block {
  const bytes = new Uint8Array(length - CID_LENGTH).fill(length)
  return [cidForRaw(bytes), bytes]
}

const root = cidForCbor(Uint8Array.of(0xa0))

// With 399 roots and more the header is longer than 16,383 bytes.
it.each([0, 1, 2, 3, 23, 24, 255, 256, 398, 399, 400])(
  'carHeader of %i roots is the one of other libraries',
  async (count) => {
    const roots = Array.from({ length: count }, (_, i) => cidForRaw(Uint8Array.of(i, i >> 8)))
    expectBytes(carHeader(roots), await encodedCar(roots, []))
  },
)

it.each([CID_LENGTH, CID_LENGTH + 1, ...varintLengths])(
  'carFile writes a section of %i bytes as other libraries do',
  async (length) => {
    const blocks = [blockOf(length), blockOf(40)]
    const file = carFile(root, blocks)
    expectBytes(file, await encodedCar([root], blocks))
    const lengths = blocks.map(([, bytes]) => carBlockLength(bytes))
    expect(file).toHaveLength(lengths.reduce((a, b) => a + b, carHeader([root]).length))
  },
)

it('carFile without a root is what other libraries write', async () => {
  const blocks = [blockOf(100)]
  expectBytes(carFile(null, blocks), await encodedCar([], blocks))
  expectBytes(carFile(null, []), await encodedCar([], []))
})

it('carFile is read by @ipld/car, @atcute/car and @atproto/repo, block by block', async () => {
  const blocks = varintLengths.map(blockOf)
  const file = carFile(root, blocks)
  const ipld = await CarReader.fromBytes(file)
  expect((await ipld.getRoots()).map(String)).toEqual([root])
  const cids = blocks.map(([cid]) => cid)
  const theirs: string[] = []
  for await (const cid of ipld.cids()) theirs.push(String(cid))
  expect(theirs).toEqual(cids)
  expect([...fromUint8Array(file)].map(({ cid }) => textOf(cid))).toEqual(cids)
  // This one checks every block against its CID.
  const { roots, blocks: read } = await readCar(file)
  expect(roots.map(String)).toEqual([root])
  expect(read.entries().map(({ cid }) => String(cid))).toEqual(cids)
})

it.each([...varintLengths, 2 ** 28 - 1, 2 ** 28])(
  'carBlockLength counts the varint of a section of %i bytes',
  (length) => {
    const varint = Math.ceil(Math.log2(length + 1) / 7)
    expect(carBlockLength(new Uint8Array(length - CID_LENGTH))).toBe(varint + length)
  },
)

it('writeCarBlock writes where it is asked to, and says where it ended', () => {
  const block = blockOf(128)
  const out = new Uint8Array(200).fill(9)
  const end = writeCarBlock(block, out, 11)
  expect(end).toBe(11 + carBlockLength(block[1]))
  const header = carHeader([]).length
  expectBytes(out.subarray(11, end), carFile(null, [block]).subarray(header))
  expect(out.subarray(0, 11)).toEqual(new Uint8Array(11).fill(9))
  expect(out.subarray(end)).toEqual(new Uint8Array(200 - end).fill(9))
})
