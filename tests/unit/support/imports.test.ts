import { expect, it } from 'vitest'
import { importsOf } from '#tests/support/imports.ts'

const from = (text: string) => importsOf({ path: 'src/account/a.ts', text })
const atRunTime = [{ target: 'src/gateway/app.ts', ours: true, typeOnly: false }]
const asType = [{ target: 'src/gateway/app.ts', ours: true, typeOnly: true }]

it.each([
  "import { a } from '#src/gateway/app.ts'",
  "import { type A } from '#src/gateway/app.ts'",
  "import { a, // don't\n b } from '#src/gateway/app.ts'",
  "import '#src/gateway/app.ts'",
  "import { a } from '../gateway/app.ts'",
  "export * from '#src/gateway/app.ts'",
  "export type A = string\nexport { b } from '#src/gateway/app.ts'",
  "export type { A }\nimport { b } from '#src/gateway/app.ts'",
  "const a = await import('#src/gateway/app.ts')",
  "const a = await import(\n  '#src/gateway/app.ts'\n)",
  'const a = await import("#src/gateway/app.ts")',
  "const a = await import('#src/gateway/app.ts', { with: {} })",
])('`%s` is an import at run time', (text) => {
  expect(from(text)).toEqual(atRunTime)
})

it.each([
  "import type { A } from '#src/gateway/app.ts'",
  "export type { A } from '#src/gateway/app.ts'",
  "let a: import('#src/gateway/app.ts').A",
  "type A = typeof import('#src/gateway/app.ts')",
])('`%s` is an import of a type', (text) => {
  expect(from(text)).toEqual(asType)
})

it.each(['import(name)', 'import(`#src/gateway/app.ts`)'])('`%s` is in no layer', (text) => {
  expect(from(text)).toEqual([{ target: text, ours: true, typeOnly: false }])
})

it('an import in a comment or a string is none', () => {
  expect(from("// import '#src/a.ts'\nconst a = `import '#src/a.ts'`")).toEqual([])
})
