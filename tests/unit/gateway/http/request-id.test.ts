import { expect, it } from 'vitest'
import { requestId } from '#src/gateway/http/request-id.ts'

it('a request keeps a well-formed X-Request-Id, and gets a new one instead of any other', () => {
  expect(requestId('abc-123:4.5_6')).toBe('abc-123:4.5_6')
  const made = [undefined, '', 'a b', 'x'.repeat(65), 'line\nbreak', '<b>', ['a', 'b']].map(
    requestId,
  )
  expect(new Set(made).size).toBe(made.length)
  for (const id of made) expect(id).toMatch(/^[\w-]{8,64}$/)
})
