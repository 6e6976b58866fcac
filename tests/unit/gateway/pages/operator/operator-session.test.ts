import { expect, it } from 'vitest'
import { operatorSessionOf, operatorToken } from '#src/gateway/pages/operator/operator-session.ts'

const keys = { secret: new Uint8Array(32), adminPassword: 'let me in' }
const now = Date.UTC(2026, 10, 20)
const HOUR_MS = 3_600_000
const isOperatorToken = (...args: Parameters<typeof operatorSessionOf>) =>
  operatorSessionOf(...args) !== undefined

it('a session lasts for eight hours, and as long as the password', () => {
  const token = operatorToken(keys, now)
  expect(isOperatorToken(keys, token, now + 8 * HOUR_MS - 1)).toBe(true)
  expect(isOperatorToken(keys, token, now + 8 * HOUR_MS)).toBe(false)
  expect(isOperatorToken({ ...keys, adminPassword: 'another' }, token, now)).toBe(false)
  expect(isOperatorToken({ ...keys, adminPassword: undefined }, token, now)).toBe(false)
  expect(isOperatorToken({ ...keys, secret: new Uint8Array(32).fill(1) }, token, now)).toBe(false)
  expect(operatorToken(keys, now)).not.toBe(token)
})

it('a session is not made longer, and not made up', () => {
  const [expiresAt, random, signature] = operatorToken(keys, now).split('.')
  const longer = `${Number(expiresAt) + 1}.${random}.${signature}`
  const others = [
    longer,
    '',
    '.',
    '..',
    `${expiresAt}.${random}.`,
    `${expiresAt}.${signature}`,
    'x'.repeat(5_000),
  ]
  for (const token of others) expect(isOperatorToken(keys, token, now), token).toBe(false)
})
