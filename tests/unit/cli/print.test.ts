import { describe, expect, it } from 'vitest'
import { formatResult } from '#src/cli/print.ts'

describe('CLI results', () => {
  it('CLI results are printed as lines for one object and as columns for a list', () => {
    expect(
      formatResult({ did: 'did:plc:a', active: true, missing: undefined, more: { a: 1 } }),
    ).toBe('did     did:plc:a\nactive  true\nmore.a  1')
    const rows = [
      { code: 'abc', uses: 1 },
      { code: 'abcdef', account: 'admin' },
    ]
    expect(formatResult(rows)).toBe('code    uses  account\nabc     1\nabcdef        admin')
    expect(formatResult([])).toBe('(none)')
  })

  it('CLI results have no terminal control characters', () => {
    expect(formatResult({ name: 'a\u001b[2Jb\nc' })).toBe('name  a�[2Jb�c')
  })
})
