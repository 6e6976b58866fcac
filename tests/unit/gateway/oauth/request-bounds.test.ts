import { expect, it } from 'vitest'
import { mustBeSmallRequest } from '#src/gateway/oauth/request-bounds.ts'
import { encodeJwtPart } from '#src/protocol/jwt.ts'

const many = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`)
const scopes = (count: number) => many(count).join(' ')
const includes = (count: number) => `atproto include:${many(count).join(' include:')}`
const claims = (count: number) => ({ userinfo: Object.fromEntries(many(count).map((n) => [n, 0])) })
const requestObject = (parameters: object) => `e30.${encodeJwtPart(parameters)}.`

it.each([
  ['1,000 scopes', { scope: scopes(1000) }],
  ['20 permission sets', { scope: includes(20) }],
  ['a client id of 4,096 characters', { client_id: 'x'.repeat(4096) }],
  ['100 claims', { claims: JSON.stringify(claims(100)) }],
  ['claims that are no JSON', { claims: '{' }],
  ['a request object without claims', { request: 'no JWT' }],
])('an OAuth request with %s is validated by the library', (_, parameters) => {
  expect(() => mustBeSmallRequest(parameters)).not.toThrow()
})

const tooMuch: [string, Record<string, unknown>, string][] = [
  ['1,001 scopes', { scope: scopes(1001) }, 'InvalidScope'],
  ['21 permission sets', { scope: includes(21) }, 'InvalidScope'],
  ['a client id of 4,097 characters', { client_id: 'x'.repeat(4097) }, 'InvalidRequest'],
  ['200 claims', { claims: JSON.stringify(claims(200)) }, 'InvalidRequest'],
  ['200 claims as an object', { claims: claims(200) }, 'InvalidRequest'],
  ['101 details', { authorization_details: JSON.stringify(many(101)) }, 'InvalidRequest'],
  ['200 parameters', Object.fromEntries(many(200).map((n) => [n, ''])), 'InvalidRequest'],
]

it.each(tooMuch)('an OAuth request with %s is rejected', (_, parameters, error) => {
  expect(() => mustBeSmallRequest(parameters)).toThrow(
    expect.objectContaining({ status: 400, error }),
  )
})

it.each(tooMuch)(
  'an OAuth request whose request object has %s is rejected',
  (_, parameters, error) => {
    expect(() => mustBeSmallRequest({ request: requestObject(parameters) })).toThrow(
      expect.objectContaining({ status: 400, error }),
    )
  },
)
