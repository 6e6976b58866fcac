import { expect, it } from 'vitest'
import { ignoredNames, ourNames, referenceNames } from '#src/config/names.ts'
import { sources } from '#tests/support/sources.ts'

const pages = sources('README.md', 'docs/operate/*.md').map(({ text }) => text)
const isDescribed = (name: string) => pages.some((text) => text.includes(`\`${name}\``))

it('every variable that may be set is described in the README or on a page for operators', () => {
  const names = [...ourNames, ...referenceNames, ...ignoredNames]
  const missing = names.filter((name) => !/_COLOR_(CONTRAST|HUE)$/.test(name) && !isDescribed(name))
  expect(missing).toEqual([])
})
