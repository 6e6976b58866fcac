/** CAR files of any blocks: written as other libraries write them, and read again from pieces of any size. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, carFile } from '#src/protocol/car.ts'
import { type CarBlock, CarReader } from '#src/protocol/car-reader.ts'
import { CID_LENGTH, cidForCbor, cidForRaw, cidFromBytes } from '#src/protocol/cid.ts'
import { encodedCar, expectBytes, varintLengths } from '#tests/support/foreign-encoders.ts'

/** Lengths of blocks, many of them around those at which the varint of their section grows. */
const length = fc.oneof(
  fc.nat(600),
  fc
    .tuple(fc.constantFrom(...varintLengths.slice(0, 4)), fc.integer({ min: -2, max: 2 }))
    .map(([at, off]) => at - CID_LENGTH + off),
  fc.nat({ max: 300 }).map((n) => n * 128),
)
const block = fc.tuple(length, fc.nat(255), fc.boolean()).map(([length, fill, isCbor]): Block => {
  const bytes = new Uint8Array(length).fill(fill)
  return [isCbor ? cidForCbor(bytes) : cidForRaw(bytes), bytes]
})
const root = fc.option(fc.uint8Array({ maxLength: 4 }).map(cidForCbor))
/** Places are parts of the whole, so that they fit files of any size. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })

const asBlock = ({ cid, bytes }: CarBlock): Block => [cidFromBytes(cid), bytes]

/** The blocks, with digests for their bytes. */
function summary(blocks: readonly Block[]): string[] {
  return blocks.map(([cid, bytes]) => `${cid} ${bytes.length} ${cidForRaw(bytes)}`)
}

test('carFile writes any blocks as other libraries do, and CarReader reads them in any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(root, fc.array(block, { maxLength: 8 }), cuts, async (root, blocks, cuts) => {
      const roots = root === null ? [] : [root]
      const file = carFile(root, blocks)
      expectBytes(file, await encodedCar(roots, blocks))

      const places = cuts.map((cut) => Math.floor(cut * file.length)).sort((a, b) => a - b)
      const reader = new CarReader()
      const read = [0, ...places].flatMap((from, i) =>
        reader.push(file.subarray(from, places[i])).map(asBlock),
      )
      reader.end()
      expect(reader.roots).toEqual(roots)
      expect(summary(read)).toEqual(summary(blocks))
    }),
    { numRuns: 200 },
  )
})
