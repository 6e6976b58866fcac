import { expect, it } from 'vitest'
import { guardLoops } from '../../../scripts/mutate/loop-guards.ts'
import { apply, mutantsOf } from '../../../scripts/mutate/mutants.ts'

function variants(source: string): string[] {
  return mutantsOf(source).map((mutant) => apply(source, mutant))
}

it.each<[string, string[]]>([
  ['a < b', ['a <= b', 'a >= b']],
  ['a === b', ['a !== b']],
  ['a && b', ['a || b']],
  ['a ?? b', ['a && b']],
  ['a + b', ['a - b']],
  ['a += b', ['a -= b']],
  ['a++', ['a--']],
  ['x = !a', ['x = a']],
  ['x = 1', ['x = 2', 'x = 0']],
  ['x = 0', ['x = 1', 'x = (-1)']],
  ['x = true', ['x = false']],
  ["a === 'b'", ["a !== 'b'", "a === ''"]],
  ['x = a ? b : c', ['x = !(a) ? b : c']],
  ['a()', [';']],
  ['await a()', [';']],
  ['const f = () => { if (a) return b }', [';', 'if (!(a)) return b'].map(inFunction)],
])('the mutants of `%s` are found', (source, expected) => {
  expect(variants(source)).toEqual(expected)
})

function inFunction(statement: string): string {
  return `const f = () => { ${statement} }`
}

it.each([
  ['text that is not compared', "x = 'a'"],
  ['text that is put together', "x = 'a' + b"],
  ['types', 'let x: 1 | 2; type A = { b: true }; interface B { c: 0 }'],
  ['comments', '/* a < b */ // 1'],
])('%s has no mutants', (_, source) => {
  expect(variants(source)).toEqual([])
})

it('operators are found between operands of any text and type', () => {
  expect(variants("x = ('🎉<' as string) < (b as Map<A, B>)")).toEqual([
    "x = ('🎉<' as string) <= (b as Map<A, B>)",
    "x = ('🎉<' as string) >= (b as Map<A, B>)",
  ])
})

it('an exit whose condition awaits something is not removed', () => {
  expect(variants('const f = async () => { if (await a) return b }')).toEqual([
    'const f = async () => { if (!(await a)) return b }',
  ])
})

it('a mutant is named by its line before and after the change', () => {
  const [mutant] = mutantsOf('const a = 0b0\n  if (b < c) d = e\n').filter(
    ({ replacement }) => replacement === '<=',
  )
  expect(mutant).toMatchObject({
    line: 'if (b < c) d = e',
    becomes: 'if (b <= c) d = e',
    lineNumber: 2,
  })
})

it('every kind of loop is given a turn to count', () => {
  expect(guardLoops('for (;;) a()')).toBe('for (;;) {__turn();a()\n}')
  expect(guardLoops('while (a) { b() }')).toBe('while (a) {__turn(); b() }')
  expect(guardLoops('do { a() } while (b)')).toBe('do {__turn(); a() } while (b)')
  expect(guardLoops('for (const a of b) for (const c in d) e()')).toBe(
    'for (const a of b) {__turn();for (const c in d) {__turn();e()\n}\n}',
  )
})
