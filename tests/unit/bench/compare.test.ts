/** The comparison with the reference PDS: normalization, differences, and that its intended differences are those of the page. */
import { describe, expect, it } from 'vitest'
import { sources } from '#tests/support/sources.ts'
import { differencesOf, unexplained } from '../../../bench/compare/differences.ts'
import { intended } from '../../../bench/compare/intended.ts'
import { intendedUntested } from '../../../bench/compare/intended-untested.ts'
import { normalizeText, normalizeValue } from '../../../bench/compare/normalize.ts'

describe('docs/design/differences.md', () => {
  const [page] = sources('docs/design/differences.md')
  const [table = ''] = page!.text.split('\n## ', 1)
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .filter((line) => !line.startsWith('| --'))
    .map((line) => line.slice(2, -2).split(' | '))
    .map((cells) => cells.map((cell) => cell.trim()))

  it('differences.md has four columns in each row, and no row twice', () => {
    expect(rows.filter((cells) => cells.length !== 4)).toEqual([])
    const names = rows.map(([what]) => what)
    expect(names).toEqual([...new Set(names)])
  })

  it('differences.md lists what the comparison allows, with the same reasons, and nothing else', () => {
    const listed = rows.map(([what, , , why]) => `${what}: ${why}`)
    const known = [...intended, ...intendedUntested].map(({ what, why }) => `${what}: ${why}`)
    expect(listed.sort()).toEqual(known.sort())
  })
})

describe('a normalized answer', () => {
  it('normalized values of two servers are equal if only placeholders and times differ', () => {
    const answer = (did: string, rkey: string, at: string) => ({
      uri: `at://${did}/com.example.thing/${rkey}`,
      at,
    })
    const one = answer(`did:plc:${'a'.repeat(24)}`, '3kabcdefghi22', '2026-01-01T00:00:00.123Z')
    const other = answer(`did:plc:${'b'.repeat(24)}`, '3kbbcdefghi23', '2027-12-31T11:22:33.444Z')
    const names = (did: string) => new Map([[did, '<alice>']])
    expect(normalizeValue(one, names(`did:plc:${'a'.repeat(24)}`))).toEqual(
      normalizeValue(other, names(`did:plc:${'b'.repeat(24)}`)),
    )
    expect(normalizeText('2026-01-01T00:00:00Z', new Map())).not.toBe(
      normalizeText('2026-01-01T00:00:00.123Z', new Map()),
    )
  })

  it('a normalized token shows its claims, and its times only as a lifetime', () => {
    const token = (iat: number, scope: string) => {
      const parts = [
        { alg: 'HS256', typ: 'at+jwt' },
        { iat, exp: iat + 60, scope },
      ]
      const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      return normalizeText(`${text.join('.')}.c2ln`, new Map())
    }
    expect(token(1000, 'a')).toBe(token(2000, 'a'))
    expect(token(1000, 'a')).not.toBe(token(1000, 'b'))
  })
})

describe('a difference', () => {
  const seen = (status: number, error: string) => [
    { label: 'a / b: c', value: { status, headers: {}, body: { error, message: 'm' } } },
  ]

  it('a difference has its place and both values', () => {
    expect(differencesOf(seen(400, 'A'), seen(400, 'A'))).toEqual([])
    expect(differencesOf(seen(500, 'A'), seen(400, 'B'))).toEqual([
      { label: 'a / b: c', parts: ['status: 500 → 400', 'error: "A" → "B"'] },
    ])
    expect(differencesOf(seen(400, 'A'), [])).toEqual([
      { label: 'a / b: c', parts: ['seen: true → false'] },
    ])
  })

  it('a difference is intended only as far as an entry covers it', () => {
    const differences = differencesOf(seen(500, 'A'), seen(400, 'B'))
    const entry = { what: 'x', why: 'y', matches: [[/b: c$/, /^status/]] as [RegExp, RegExp][] }
    const { left, seen: counts } = unexplained(differences, [entry])
    expect(left).toEqual([{ label: 'a / b: c', parts: ['error: "A" → "B"'] }])
    expect(counts.get(entry)).toBe(1)
    expect(unexplained(differences, [{ ...entry, matches: [[/elsewhere/]] }]).left).toEqual(
      differences,
    )
  })
})
