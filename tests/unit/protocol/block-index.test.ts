import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { BlockIndex } from '#src/protocol/block-index.ts'

const digest = (n: number) => createHash('sha256').update(String(n)).digest()
const digests = Array.from({ length: 60_000 }, (_, n) => digest(n))

it.each([
  [0, digests],
  [1, digests.slice(0, 5000)],
  [0xffffffff, digests.slice(0, 5000)],
] as const)('BlockIndex finds each of many blocks, and no other (seed %i)', (seed, digests) => {
  const index = new BlockIndex(seed)
  const places = digests.map((_, n) => ({ at: n * 2 ** 30, length: n }))
  const added = digests.map((digest, n) => index.add(digest, places[n]!))
  expect(added.every((isNew) => isNew)).toBe(true)
  expect(index.size).toBe(digests.length)
  const found = digests.map((digest) => index.find(digest))
  const wrong = places.filter(({ at, length }, n) => {
    return found[n]?.at !== at || found[n]?.length !== length
  })
  expect(wrong).toEqual([])
  expect(index.find(digest(-1))).toBeUndefined()
})

it.each([1024, 2048])('BlockIndex finds no other block when it is full with %i', (size) => {
  const index = new BlockIndex(0)
  for (const [at, digest] of digests.slice(0, size).entries()) index.add(digest, { at, length: 1 })
  expect(digests.slice(size, size + 1000).map((digest) => index.find(digest))).toEqual(
    Array(1000).fill(undefined),
  )
})

it('BlockIndex keeps the first of two blocks with one digest', () => {
  const index = new BlockIndex(7)
  expect(index.add(digest(1), { at: 1, length: 1 })).toBe(true)
  expect(index.add(digest(1), { at: 2, length: 1 })).toBe(false)
  expect(index.find(digest(1))).toEqual({ at: 1, length: 1 })
  expect(index.size).toBe(1)
})

it('BlockIndex tells digests apart that differ in any one byte', () => {
  const index = new BlockIndex(0)
  const alike = Array.from({ length: 32 }, (_, at) => new Uint8Array(32).fill(9).with(at, 8))
  for (const [n, bytes] of alike.entries()) {
    expect(index.add(bytes, { at: n, length: n })).toBe(true)
  }
  expect(alike.map((bytes) => index.find(bytes)?.at)).toEqual(alike.map((_, n) => n))
})

it('BlockIndex takes a digest of zeros when it has just grown', () => {
  const index = new BlockIndex(0)
  for (const [at, digest] of digests.slice(0, 1024).entries()) index.add(digest, { at, length: 1 })
  expect(index.add(new Uint8Array(32), { at: 7, length: 7 })).toBe(true)
  expect(index.find(new Uint8Array(32))).toEqual({ at: 7, length: 7 })
})
