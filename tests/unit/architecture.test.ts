import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf } from '#tests/support/imports.ts'
import { readLayers } from '#tests/support/layers.ts'
import { codeOf, type Source, sources, violations } from '#tests/support/sources.ts'

const code = sources('src/**/*.ts', 'actors/**/*.ts')
const published = sources('packages/*/src/**/*.ts')
const everyFile = [
  ...[...code, ...published],
  ...sources('{tests,bench,scripts}/**/*.ts', '*.ts', 'examples/**/*.{js,ts,html}'),
]
const pages = sources('*.md', '{src,actors,packages,examples,tests,docs,deploy,bench}/**/*.md')

const { layers, packages } = readLayers()

function within(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
}

/** The most specific path of the layer table that the file is in. */
function layerPathOf(path: string): string | undefined {
  const found = layers.flatMap(({ paths }) => paths).filter((layer) => within(path, [layer]))
  return found.sort((a, b) => b.length - a.length)[0]
}

/** Whether an import is of a package, or of one that `@scope/*` or `node:*` stands for. */
function isOf(specifier: string, name: string): boolean {
  if (name.endsWith('*')) return specifier.startsWith(name.slice(0, -1))
  return specifier === name || specifier.startsWith(`${name}/`)
}

/** Every place in the code, comments aside, where the pattern occurs. */
function occurrences(files: Source[], pattern: RegExp): string[] {
  return violations(files, (file) => [...codeOf(file).matchAll(pattern)].map(([match]) => match))
}

describe('layers', () => {
  it('every file is in a layer of the table', () => {
    expect(code.length).toBeGreaterThan(0)
    expect(violations(code, ({ path }) => !layerPathOf(path) && 'in no layer')).toEqual([])
  })

  it.each(layers)('$paths imports only what its row allows', ({ paths, imports, types }) => {
    const own = code.filter(({ path }) => paths.includes(layerPathOf(path)!))
    expect(own.length).toBeGreaterThan(0)
    const wrong = violations(own, (file) =>
      importsOf(file)
        .filter(({ ours }) => ours)
        .filter(({ target, typeOnly }) => {
          const layer = layerPathOf(target)!
          return ![...paths, ...imports, ...(typeOnly ? types : [])].includes(layer)
        })
        .map(({ target, typeOnly }) => `${typeOnly ? 'type of ' : ''}${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('every package is imported only where its row allows', () => {
    const wrong = violations(code, (file) =>
      importsOf(file)
        .filter(({ ours }) => !ours)
        .filter(({ target }) => {
          const rule = packages.find(({ names }) => names.some((name) => isOf(target, name)))
          return !within(file.path, rule?.paths ?? ['src/protocol', 'src/ports'])
        })
        .map(({ target }) => target),
    )
    expect(wrong).toEqual([])
  })

  it('packages that are published on their own import only files of their own', () => {
    expect(published.length).toBeGreaterThan(0)
    const foreign = violations(published, (file) =>
      importsOf(file)
        .filter(({ target, ours }) => !ours || !within(target, [dirname(file.path)]))
        .map(({ target }) => target),
    )
    expect(foreign).toEqual([])
  })

  it('modules are loaded with import only', () => {
    const loaders = /\b(createRequire|getBuiltinModule)\b|\bimport\.meta\.resolve\b/g
    expect(occurrences(code, loaders)).toEqual([])
  })
})

describe('purity', () => {
  const inActors = [
    ...[
      'account',
      'directory',
      'sequencer',
      'authorization',
      'limits',
      'channels',
      'tenants',
      'webhooks',
    ],
  ]
  const pure = ['protocol', 'rules', ...inActors].map((folder) => `src/${folder}`)
  const inner = code.filter((file) => within(file.path, pure))
  const protocol = code.filter((file) => within(file.path, ['src/protocol']))

  it('protocol and rooms take the clock as an argument', () => {
    const clocks = /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/g
    expect(occurrences(inner, clocks)).toEqual([])
    expect(occurrences(inner, /\bset(Timeout|Interval|Immediate)\(/g)).toEqual([])
    expect(occurrences(inner, /\bMath\.random\b/g)).toEqual([])
  })

  it('protocol uses no randomness and no input or output', () => {
    expect(occurrences(protocol, /\brandom\w+\(|\bgetRandomValues\b|\bfetch\(/g)).toEqual([])
  })

  it('only config reads the environment', () => {
    const others = code.filter((file) => !within(file.path, ['src/config']))
    expect(occurrences(others, /\bprocess\.env\b/g)).toEqual([])
  })

  it('only main and log print', () => {
    const others = [...code, ...published].filter(
      (file) => !within(file.path, ['src/main.ts', 'src/cli/main.ts', 'src/log.ts']),
    )
    expect(occurrences(others, /\bconsole\.\w+|\bprocess\.stdout\b/g)).toEqual([])
  })
})

describe('files', () => {
  it('files are at most 300 lines long', () => {
    const long = violations(everyFile, ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines > 300 && `${lines} lines`
    })
    expect(long).toEqual([])
  })

  it('files begin with a sentence that says what they are', () => {
    const mute = violations(
      [...code, ...published, ...sources('{bench,scripts}/**/*.ts', 'tests/helpers/**/*.ts')],
      ({ text }) =>
        !/^\/\*\*\s((?!\*\/)[\s\S])+[.?!]\s*\*\//.test(text) && 'no sentence at its top',
    )
    expect(mute).toEqual([])
  })

  it('files have exact names', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|misc|managers?|types)(\.ts$|\/)|\/index\.ts$/
    expect(
      violations([...code, ...published], ({ path }) => vague.test(path) && 'a vague name'),
    ).toEqual([])
  })

  it('files have named exports only', () => {
    const named = everyFile.filter(({ path }) => !path.endsWith('.config.ts'))
    expect(occurrences(named, /^export default\b/gm)).toEqual([])
  })

  it('files run with their types stripped', () => {
    const stuck = violations(everyFile, ({ path, text }) => {
      if (!path.endsWith('.ts')) return null
      try {
        stripTypeScriptTypes(text)
        return null
      } catch (error) {
        return String(error)
      }
    })
    expect(stuck).toEqual([])
  })

  it('files mention no path of the machine they were written on', () => {
    const written = [...everyFile, ...pages, ...sources('*.json', '.ci/*')]
    const machinePaths = new RegExp(['\\.\\./shared\\b', '/tmp/\\w', '/(work|root)/\\w'].join('|'))
    const self = 'tests/unit/architecture.test.ts'
    const wrong = violations(written, ({ path, text }) => {
      return path !== self && (machinePaths.exec(text)?.[0] ?? null)
    })
    expect(wrong).toEqual([])
  })
})
