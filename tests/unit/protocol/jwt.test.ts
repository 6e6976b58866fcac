import { expect, it } from 'vitest'
import { decodeJwtPart, encodeJwtPart } from '#src/protocol/jwt.ts'

const partOf = (text: string) => Buffer.from(text).toString('base64url')

it('decodeJwtPart reads what encodeJwtPart wrote', () => {
  const claims = { iss: 'did:web:grüße.test', exp: 1, nested: { a: [1] } }
  expect(decodeJwtPart(encodeJwtPart(claims))).toEqual(claims)
})

it.each(['"text"', 'null', '1', 'true', 'no JSON', ''])(
  'decodeJwtPart returns undefined for %j',
  (text) => {
    expect(decodeJwtPart(partOf(text))).toBeUndefined()
  },
)
