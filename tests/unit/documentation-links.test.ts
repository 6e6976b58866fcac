import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exists, sources, violations } from '#tests/support/sources.ts'

const code = sources('src/**/*.ts', 'actors/**/*.ts')
const pages = sources('*.md', '{src,actors,packages,examples,tests,docs,deploy,bench}/**/*.md')

describe('pages', () => {
  it('documentation links lead to existing files', () => {
    const broken = violations(pages, ({ path, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^[a-z]+:/.test(target) && !exists(join(dirname(path), target))),
    )
    expect(broken).toEqual([])
  })

  it('docs/README.md lists every page for operators and app developers, and of the design', () => {
    const [{ text = '' } = {}] = sources('docs/README.md')
    const unlisted = violations(sources('docs/{operate,build,design}/*.md'), ({ path }) =>
      text.includes(`](${path.slice('docs/'.length)})`) ? null : 'not listed',
    )
    expect(unlisted).toEqual([])
  })

  it('design pages name the tests that prove them', () => {
    const unproved = violations(sources('docs/design/*.md'), ({ path, text }) => {
      if (path.endsWith('/README.md')) return null
      const [, proof = ''] = /Proved by:?([\s\S]*)$/.exec(text) ?? []
      const tests = [...proof.matchAll(/(?:tests|bench)\/[\w./-]*\w/g)].map(([test]) => test)
      return tests.length === 0 ? 'proved by no test' : tests.filter((test) => !exists(test))
    })
    expect(unproved).toEqual([])
  })

  it.runIf(exists('src/README.md'))('src/README.md names functions that exist', () => {
    const tour = sources('src/README.md')
    const steps = tour.flatMap(({ text }) => [...text.matchAll(/([\w./-]+\.ts)#(\w+)/g)])
    expect(steps.length).toBeGreaterThan(0)
    for (const [step, file, name] of steps) {
      const source = code.find(({ path }) => path === `src/${file}` || path === file)
      const declared = new RegExp(
        `\\b(function\\*?|const|class) ${name}\\b|^ +(async )?${name}[(:<]`,
        'm',
      )
      expect(source?.text ?? '', step).toMatch(declared)
    }
  })
})
