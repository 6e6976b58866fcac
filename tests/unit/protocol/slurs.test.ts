import { describe, expect, it } from 'vitest'
import { hasSlur } from '#src/protocol/slurs.ts'

describe('hasSlur', () => {
  it.each(['k1ke.test', 'my-fag.test', 'f-a-g', 'the.c00ns', 'tr4nny', 'Chink'.toLowerCase()])(
    'finds the one in %s',
    (name) => expect(hasSlur(name)).toBe(true),
  )

  it.each([
    'alice.test',
    'fagus.test',
    'chinkapin.test',
    'raccoons.test',
    '3mabcdefghijk',
    'niger',
  ])('finds none in %s', (name) => expect(hasSlur(name)).toBe(false))
})
