import { describe, expect, it } from 'vitest'
import { asText } from '#src/cli/print.ts'

describe('results on a terminal', () => {
  it('are lines for one thing and columns for several', () => {
    expect(asText({ did: 'did:plc:a', active: true, missing: undefined, more: { a: 1 } })).toBe(
      'did     did:plc:a\nactive  true\nmore    {"a":1}',
    )
    const rows = [
      { code: 'abc', uses: 1 },
      { code: 'abcdef', account: 'admin' },
    ]
    expect(asText(rows)).toBe('code    uses  account\nabc     1\nabcdef        admin')
    expect(asText([])).toBe('(none)')
  })

  it('do not let names steer the terminal', () => {
    expect(asText({ name: 'a\u001b[2Jb\nc' })).toBe('name  a�[2Jb�c')
  })
})
