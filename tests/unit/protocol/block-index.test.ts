import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { BlockIndex } from '#src/protocol/block-index.ts'

const digest = (n: number) => createHash('sha256').update(String(n)).digest()

it.each([0, 1, 0xffffffff])(
  'BlockIndex finds each of many blocks, and no other (seed %i)',
  (seed) => {
    const index = new BlockIndex(seed)
    const places = Array.from({ length: 5000 }, (_, n) => ({ at: n * 2 ** 30, length: n }))
    for (const [n, place] of places.entries()) expect(index.add(digest(n), place)).toBe(true)
    expect(index.size).toBe(5000)
    expect(places.map((_, n) => index.find(digest(n)))).toEqual(places)
    expect(index.find(digest(5000))).toBeUndefined()
  },
)

it('BlockIndex keeps the first of two blocks with one digest', () => {
  const index = new BlockIndex(7)
  expect(index.add(digest(1), { at: 1, length: 1 })).toBe(true)
  expect(index.add(digest(1), { at: 2, length: 1 })).toBe(false)
  expect(index.find(digest(1))).toEqual({ at: 1, length: 1 })
  expect(index.size).toBe(1)
})

it('BlockIndex tells digests apart that begin alike', () => {
  const index = new BlockIndex(0)
  const alike = [1, 2, 3].map((n) => new Uint8Array(32).fill(9).with(31, n))
  for (const [n, bytes] of alike.entries()) index.add(bytes, { at: n, length: n })
  expect(alike.map((bytes) => index.find(bytes)?.at)).toEqual([0, 1, 2])
})
