import { scryptSync } from 'node:crypto'
import { expect, it } from 'vitest'
// By its path: its import name leads to the fast replacement in these tests.
import { deriveKey } from '../../../src/ports/scrypt.ts'

it("scrypt derives the reference's key, with its parameters", async () => {
  const cost = { N: 16_384, r: 8, p: 1 }
  const key = await deriveKey('correct horse', 'ab12', 64)
  expect(key).toEqual(scryptSync('correct horse', 'ab12', 64, cost))
})
