import { describe, expect, it } from 'vitest'
import { parseAddress, parseEmail } from '#src/rules/emails.ts'

describe('parseEmail', () => {
  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['Alice.B+tag@Mail.Example.COM', 'alice.b+tag@mail.example.com'],
    ["o'hara_%&@x-y.io", "o'hara_%&@x-y.io"],
    ['josé@bücher.example', 'josé@bücher.example'],
  ])('parseEmail accepts %s', (text, email) => {
    expect(parseEmail(text)).toBe(email)
  })

  it.each([
    '',
    'alice',
    '@example.com',
    'alice@',
    'alice@localhost',
    'alice@example..com',
    'alice@.example.com',
    'alice@example.com.',
    'alice@-example.com',
    'alice@exam ple.com',
    'al ice@example.com',
    '.alice@example.com',
    'alice.@example.com',
    'al..ice@example.com',
    'alice@bob@example.com',
    'alice@[127.0.0.1]',
    '"alice"@example.com',
    'Alice <alice@example.com>',
    'alice@example.com\n',
    'al\u0000ice@example.com',
    `${'a'.repeat(65)}@example.com`,
    `alice@${'a.'.repeat(130)}com`,
  ])('parseEmail rejects %j', (text) => {
    expect(() => parseEmail(text)).toThrow(
      expect.objectContaining({ status: 400, error: 'InvalidRequest' }),
    )
  })

  it('parseEmail rejects long nonsense within the test timeout: it takes linear time', () => {
    for (const text of ['a'.repeat(1e6), `a@${'a-'.repeat(1e5)}`, `${'a.'.repeat(100)}@`]) {
      expect(() => parseEmail(text)).toThrow()
    }
  })
})

describe('a disposable address', () => {
  it('a disposable address is rejected in any case, but not for the admin', () => {
    for (const text of ['someone@mailinator.com', 'Someone@Mailinator.COM']) {
      expect(() => parseEmail(text)).toThrow(
        'This email address is not supported, please use a different email.',
      )
      expect(parseAddress(text)).toBe('someone@mailinator.com')
    }
  })

  it('a disposable address is recognized by its domain alone', () => {
    expect(parseEmail('mailinator.com@example.com')).toBe('mailinator.com@example.com')
  })
})
