/** Chooses the tests of a source file: those that import it, the nearest first. */
import { dirname } from 'node:path'
import { importsOf } from '#tests/support/imports.ts'
import { sources } from '#tests/support/sources.ts'

/** The tests of a file itself are among these few. */
const MAX_NEAR = 5
/** What a survivor of the near tests is run with. A mutant that only tests farther off would see is to have one. */
const MAX_FAR = 10

const files = sources('{src,actors}/**/*.ts', 'tests/{unit,property,support}/**/*.ts')
const importersOf = new Map<string, string[]>()
for (const file of files) {
  for (const { target, typeOnly } of importsOf(file)) {
    if (!typeOnly) importersOf.set(target, [...(importersOf.get(target) ?? []), file.path])
  }
}

/** Paths of test files, relative to the root; first the one whose path mirrors the file's. */
export function relatedTests(path: string): { near: string[]; far: string[] } {
  const mirror = path.replace('src/', 'tests/unit/').replace('.ts', '')
  const isTest = (file: string) => /^tests\/(unit|property)\/.*\.test\.ts$/.test(file)
  const distances = new Map([[path, 0]])
  for (const [file, distance] of distances) {
    for (const importer of importersOf.get(file) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1)
    }
  }
  const rank = (file: string, distance: number) => (file.startsWith(mirror) ? 0 : distance)
  const folder = dirname(mirror)
  const isElsewhere = (file: string) =>
    Number(dirname(file) !== folder && !file.includes('/property/'))
  const tests = [...distances]
    .filter(([file]) => isTest(file))
    .sort(([a, m], [b, n]) => rank(a, m) - rank(b, n) || isElsewhere(a) - isElsewhere(b))
    .map(([file]) => file)
  return { near: tests.slice(0, MAX_NEAR), far: tests.slice(MAX_NEAR, MAX_NEAR + MAX_FAR) }
}
