import { expect, it } from 'vitest'
import { countBlocks } from '#src/cli/check-car.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { cidForRaw } from '#src/protocol/cid.ts'

const blocks = [1, 2, 3].map((n): Block => {
  const bytes = new Uint8Array(300).fill(n)
  return [cidForRaw(bytes), bytes]
})
const file = carFile(blocks[0]![0], blocks)

async function* inChunks(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}

it('countBlocks returns the number of blocks of a CAR file', async () => {
  expect(await countBlocks(inChunks(file))).toBe(3)
})

it('countBlocks throws if a block does not have its CID', async () => {
  const damaged = file.slice()
  damaged[file.length - 1]! ^= 1
  await expect(countBlocks(inChunks(damaged))).rejects.toThrow(`block ${blocks[2]![0]} is `)
})

it('countBlocks throws if the file is truncated', async () => {
  await expect(countBlocks(inChunks(file.subarray(0, -1)))).rejects.toThrow('end of data')
})
