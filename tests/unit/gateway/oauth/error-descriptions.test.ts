import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import { expect, it } from 'vitest'
import { shortenDescription } from '#src/gateway/oauth/error-descriptions.ts'

it('the description of an OAuth error has at most 1,000 characters', () => {
  const error = new InvalidRequestError('x'.repeat(5000))
  shortenDescription(error)
  const description = `${'x'.repeat(999)}…`
  expect(error.toJSON()).toEqual({ error: 'invalid_request', error_description: description })
  expect(error.message).toBe(description)
  const short = new InvalidRequestError('x'.repeat(1000))
  shortenDescription(short)
  expect(short.toJSON().error_description).toBe('x'.repeat(1000))
})

it('of a validation error five issues are described, each in at most 200 characters', () => {
  const issues = Array.from({ length: 900 }, () => ({ message: 'x'.repeat(900), path: [] }))
  const error = Object.assign(new Error(), { issues })
  shortenDescription(error)
  expect(error.issues.map(({ message }) => message.length)).toEqual([200, 200, 200, 200, 200])
})
