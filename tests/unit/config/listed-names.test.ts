import { describe, expect, it } from 'vitest'
import { ignoredNames, ourNames, referenceNames } from '#src/config/names.ts'
import { sources } from '#tests/support/sources.ts'

describe('the names', () => {
  it('each variable is on exactly one list', () => {
    const all = [...ourNames, ...referenceNames, ...ignoredNames]
    expect(new Set(all).size).toBe(all.length)
  })

  it('every listed variable that has an effect is read', () => {
    const readers = sources('src/config.ts', 'src/config/*.ts')
    const source = readers
      .filter(({ path }) => path !== 'src/config/names.ts')
      .map(({ text }) => text)
      .join('\n')
    // Some names have a prefix that is passed on: `${prefix}_S3_REGION`.
    const isRead = (name: string) =>
      source.includes(`'${name}'`) ||
      [...name.matchAll(/_/g)].some(
        ({ index }) =>
          source.includes(`'${name.slice(0, index)}'`) &&
          source.includes(`{prefix}${name.slice(index)}\``),
      )
    const unread = [...ourNames, ...referenceNames].filter((name) => !isRead(name))
    expect(unread).toEqual([])
  })
})
