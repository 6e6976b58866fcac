import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import { codeOf, importsOf, type Source, sources, violations } from '#tests/support/sources.ts'

const code = sources('src/**/*.ts', 'actors/**/*.ts')
const everyFile = [...code, ...sources('{tests,bench,scripts}/**/*.ts', '*.ts')]
const pages = sources('*.md', '{src,actors,tests,docs,deploy,bench}/**/*.md')

const floor = ['src/protocol', 'src/ports', 'src/rules']
const rooms = ['account', 'authorization', 'directory', 'sequencer', 'limits'].map(
  (room) => `src/${room}`,
)
const config = ['src/config']
const outside = [...config, 'src/data-folder.ts', 'src/main.ts']
const account = [...floor, 'src/account']

/** Who may import whom. Everyone may import itself, `src/errors.ts` and, above protocol, `src/log.ts`. */
const layers: Record<string, { runs: string[]; types?: string[] }> = {
  // In both processes
  'src/protocol': { runs: [] },
  'src/ports': { runs: ['src/protocol'] },
  'src/rules': { runs: ['src/protocol', 'src/ports'] },
  'src/engine': { runs: ['src/protocol', 'src/ports'], types: ['actors', ...rooms] },
  // In an account's actor
  'src/account': { runs: floor },
  'src/account/blobs': { runs: account },
  'src/account/identity': { runs: account },
  'src/account/factors': { runs: account },
  'src/account/preferences': { runs: account },
  'src/account/repo': { runs: [...account, 'src/account/blobs'] },
  'src/account/sessions': { runs: [...account, 'src/account/factors'] },
  'src/account/oauth': { runs: [...account, 'src/account/sessions'] },
  'src/account/lifecycle': {
    runs: [
      ...account,
      'src/account/repo',
      'src/account/sessions',
      'src/account/identity',
      'src/account/blobs',
      'src/account/oauth',
    ],
  },
  // In the other actors
  'src/authorization': { runs: floor },
  'src/directory': { runs: floor, types: ['src/account'] },
  'src/sequencer': { runs: floor, types: ['src/account'] },
  'src/limits': { runs: floor },
  actors: { runs: [...floor, ...rooms, 'src/engine'] },
  // In the gateway, which runs no room
  'src/gateway': { runs: [...floor, 'src/engine'], types: rooms },
  // Programs
  'src/plc': { runs: ['src/protocol', 'src/ports'] },
  'src/cli': { runs: ['src/protocol', 'src/config'] },
  'src/config': { runs: ['src/protocol'] },
  'src/data-folder.ts': { runs: ['src/ports'], types: config },
  'src/errors.ts': { runs: [] },
  'src/log.ts': { runs: [] },
  'src/main.ts': { runs: ['src', 'actors'] },
}

/** Which folders may import which packages; a package that matches none of these belongs to protocol and ports. */
const packages: [RegExp, string[]][] = [
  [/^#package$/, config],
  [/^@?rivetkit(\/|$)/, ['actors', 'src/engine']],
  [/^@?hono(\/|$)/, ['src/gateway']],
  [/^(ws|prom-client)$/, ['src/gateway']],
  [/^ipaddr\.js$/, ['src/gateway']],
  [/^pino$/, ['src/log.ts']],
  [/^@atproto\/(oauth-|jwk)/, ['src/gateway', 'src/ports']],
  [
    /^@atproto\//,
    ['src/protocol', 'src/ports', 'src/gateway', 'src/cli', 'src/account/repo/validate.ts'],
  ],
  [/^@did-plc\//, ['src/protocol', 'src/ports', 'src/plc']],
  [/^node:(crypto|buffer)$/, ['src', 'actors']],
  [
    /^node:/,
    ['src/ports', 'src/plc', 'src/engine', 'src/gateway', 'src/cli', 'actors', ...outside],
  ],
]

function within(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
}

function layerOf(path: string): string | undefined {
  return Object.keys(layers).find((name) => within(path, [name]))
}

/** Every place in the code, comments aside, where the pattern occurs. */
function occurrences(files: Source[], pattern: RegExp): string[] {
  return violations(files, (file) => [...codeOf(file).matchAll(pattern)].map(([match]) => match))
}

describe('layers', () => {
  it('holds every file in exactly one layer', () => {
    expect(code.length).toBeGreaterThan(0)
    expect(violations(code, ({ path }) => !layerOf(path) && 'in no layer of the table')).toEqual([])
  })

  it.each(Object.keys(layers))('%s imports only what is below it', (layer) => {
    const { runs, types = [] } = layers[layer]!
    const log = layer === 'src/protocol' ? [] : ['src/log.ts']
    const always = [layer, 'src/errors.ts', ...log]
    const wrong = violations(
      code.filter((file) => layerOf(file.path) === layer),
      (file) =>
        importsOf(file)
          .filter(({ ours }) => ours)
          .filter(({ target, typeOnly }) => {
            return !within(target, [...always, ...runs, ...(typeOnly ? types : [])])
          })
          .map(({ target, typeOnly }) => `${typeOnly ? 'type of ' : ''}${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('uses each package only where it belongs', () => {
    const wrong = violations(code, (file) =>
      importsOf(file)
        .filter(({ ours }) => !ours)
        .filter(({ target }) => {
          const rule = packages.find(([pattern]) => pattern.test(target))
          return !within(file.path, rule?.[1] ?? ['src/protocol', 'src/ports'])
        })
        .map(({ target }) => target),
    )
    expect(wrong).toEqual([])
  })
})

describe('purity', () => {
  const inner = code.filter((file) => within(file.path, ['src/protocol', 'src/account', ...rooms]))
  const protocol = code.filter((file) => within(file.path, ['src/protocol']))

  it('gives the clock to protocol and rooms, and lets them take none', () => {
    const clocks = /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/g
    expect(occurrences(inner, clocks)).toEqual([])
    expect(occurrences(inner, /\bset(Timeout|Interval|Immediate)\(/g)).toEqual([])
    expect(occurrences(inner, /\bMath\.random\b/g)).toEqual([])
  })

  it('keeps randomness and input and output out of protocol', () => {
    expect(occurrences(protocol, /\brandom\w+\(|\bgetRandomValues\b|\bfetch\(/g)).toEqual([])
  })

  it('reads the environment in config only', () => {
    const others = code.filter((file) => !within(file.path, config))
    expect(occurrences(others, /\bprocess\.env\b/g)).toEqual([])
  })

  it('prints in main and log only', () => {
    const others = code.filter(
      (file) => !within(file.path, ['src/main.ts', 'src/cli/main.ts', 'src/log.ts']),
    )
    expect(occurrences(others, /\bconsole\.\w+|\bprocess\.stdout\b/g)).toEqual([])
  })
})

describe('files', () => {
  it('are at most 300 lines long', () => {
    const long = violations(everyFile, ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines > 300 && `${lines} lines`
    })
    expect(long).toEqual([])
  })

  it('begin by saying what they are', () => {
    const mute = violations(
      [...code, ...sources('{bench,scripts}/**/*.ts', 'tests/helpers/**/*.ts')],
      ({ text }) =>
        !/^\/\*\*\s((?!\*\/)[\s\S])+[.?!]\s*\*\//.test(text) && 'no sentence at its top',
    )
    expect(mute).toEqual([])
  })

  it('have exact names', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|misc|managers?|types|index)(\.ts$|\/)/
    expect(violations(code, ({ path }) => vague.test(path) && 'a vague name')).toEqual([])
  })

  it('have named exports only', () => {
    const named = everyFile.filter(({ path }) => !path.endsWith('.config.ts'))
    expect(occurrences(named, /^export default\b/gm)).toEqual([])
  })

  it('run when their types are stripped', () => {
    const stuck = violations(everyFile, ({ text }) => {
      try {
        stripTypeScriptTypes(text)
        return null
      } catch (error) {
        return String(error)
      }
    })
    expect(stuck).toEqual([])
  })

  it('name nothing of the place where they were written', () => {
    const written = [...everyFile, ...pages, ...sources('*.json', '.ci/*')]
    const elsewhere = new RegExp(['\\.\\./shared\\b', '/tmp/\\w', '/(work|root)/\\w'].join('|'))
    const fixtures = 'tests/support/fixtures.ts'
    const self = 'tests/unit/architecture.test.ts'
    const wrong = violations(written, ({ path, text }) => {
      return path !== fixtures && path !== self && (elsewhere.exec(text)?.[0] ?? null)
    })
    expect(wrong).toEqual([])
  })
})
