import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import { codeOf, faults, importsOf, type Source, sources } from '#tests/helpers/sources.ts'

const code = sources('src/**/*.ts', 'actors/**/*.ts')
const everyFile = [...code, ...sources('{tests,bench,scripts}/**/*.ts', '*.ts')]
const pages = sources('*.md', '{src,actors,tests,docs,deploy,bench}/**/*.md')

const rooms = [
  'repo',
  'blobs',
  'sessions',
  'identity',
  'lifecycle',
  'sequencer',
  'directory',
  'limits',
  'preferences',
  'factors',
  'oauth',
].map((room) => `src/${room}`)
const config = ['src/config', 'src/config.ts']
const outside = [...config, 'src/data-folder.ts', 'src/main.ts']
const floor = ['src/protocol', 'src/ports', 'src/account', 'src/lifecycle/states.ts']

/** What the gateway runs of the rooms: it checks access tokens, and begins what has no account to ask yet. */
const gatewayHalves = [
  'src/sessions/tokens.ts',
  'src/sessions/log-in.ts',
  'src/sessions/new-passwords.ts',
  'src/factors/challenges.ts',
  'src/lifecycle/activate.ts',
  'src/lifecycle/arrive.ts',
  'src/lifecycle/create-account.ts',
  'src/lifecycle/delete-account.ts',
  'src/lifecycle/did-check.ts',
  'src/lifecycle/states.ts',
  'src/lifecycle/first-wakes.ts',
  'src/identity/handle-rules.ts',
  'src/identity/handles.ts',
  'src/identity/plc-requests.ts',
  'src/identity/repo-keys.ts',
  'src/identity/resolve.ts',
  'src/identity/rotate-signing-key.ts',
  'src/identity/update-handle.ts',
  'src/limits/leases.ts',
  'src/oauth/seen-lately.ts',
  'src/limits/policy.ts',
]

/** Who may import whom. Everyone may import itself, `src/errors.ts` and, above protocol, `src/log.ts`. */
const layers: Record<string, { runs: string[]; types?: string[] }> = {
  'src/protocol': { runs: [] },
  'src/ports': { runs: ['src/protocol'] },
  'src/account': { runs: ['src/protocol', 'src/ports'] },
  'src/blobs': { runs: floor },
  'src/repo': { runs: [...floor, 'src/blobs'] },
  'src/factors': { runs: floor },
  'src/sessions': { runs: [...floor, 'src/factors', 'src/identity/emails.ts'] },
  'src/identity': { runs: floor },
  'src/lifecycle': {
    runs: [...floor, 'src/repo', 'src/sessions', 'src/identity', 'src/blobs', 'src/oauth'],
  },
  'src/oauth': { runs: [...floor, 'src/sessions', 'src/directory/write-lane.ts'] },
  'src/sequencer': { runs: floor },
  'src/preferences': { runs: floor },
  'src/directory': { runs: floor },
  'src/limits': { runs: floor },
  'src/plc': { runs: ['src/protocol', 'src/ports'] },
  'src/engine': { runs: ['src/protocol', 'src/ports'], types: ['actors', 'src/account', ...rooms] },
  'src/xrpc': {
    runs: ['src/protocol', 'src/ports', 'src/gateway', ...gatewayHalves],
    types: ['src/account', 'src/engine', ...rooms],
  },
  'src/gateway': {
    runs: ['src/protocol', 'src/ports', 'src/engine', 'src/xrpc', ...gatewayHalves],
    types: ['src/account', ...rooms],
  },
  actors: { runs: [...floor, ...rooms, 'src/engine'] },
  'src/cli': { runs: ['src/protocol', 'src/config.ts'] },
  'src/config': { runs: ['src/protocol'] },
  'src/config.ts': { runs: ['src/protocol', 'src/config'] },
  'src/data-folder.ts': { runs: ['src/ports'], types: ['src/config.ts'] },
  'src/errors.ts': { runs: [] },
  'src/log.ts': { runs: [] },
  'src/main.ts': { runs: ['src', 'actors'] },
}

/** Which folders may import which packages; a package that matches none of these belongs to protocol and ports. */
const packages: [RegExp, string[]][] = [
  [/^#package$/, ['src/config.ts']],
  [/^@?rivetkit(\/|$)/, ['actors', 'src/engine']],
  [/^@?hono(\/|$)/, ['src/gateway']],
  [/^(ws|prom-client)$/, ['src/gateway']],
  [/^ipaddr\.js$/, ['src/gateway']],
  [/^pino$/, ['src/log.ts']],
  [/^#package$/, ['src/config.ts']],
  [/^@atproto\/(oauth-|jwk)/, ['src/gateway/oauth', 'src/xrpc', 'src/ports']],
  [/^@atproto\//, ['src/protocol', 'src/ports', 'src/xrpc', 'src/cli', 'src/repo/validate.ts']],
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
  return faults(files, (file) => [...codeOf(file).matchAll(pattern)].map(([match]) => match))
}

describe('layers', () => {
  it('holds every file in exactly one layer', () => {
    expect(code.length).toBeGreaterThan(0)
    expect(faults(code, ({ path }) => !layerOf(path) && 'in no layer of the table')).toEqual([])
  })

  it.each(Object.keys(layers))('%s imports only what is below it', (layer) => {
    const { runs, types = [] } = layers[layer]!
    const log = layer === 'src/protocol' ? [] : ['src/log.ts']
    const always = [layer, 'src/errors.ts', ...log]
    const wrong = faults(
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
    const wrong = faults(code, (file) =>
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
    const long = faults(everyFile, ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines > 300 && `${lines} lines`
    })
    expect(long).toEqual([])
  })

  it('begin by saying what they are', () => {
    const mute = faults(
      [...code, ...sources('{bench,scripts}/**/*.ts', 'tests/helpers/**/*.ts')],
      ({ text }) =>
        !/^\/\*\*\s((?!\*\/)[\s\S])+[.?!]\s*\*\//.test(text) && 'no sentence at its top',
    )
    expect(mute).toEqual([])
  })

  it('have exact names', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|misc|managers?|types|index)(\.ts$|\/)/
    expect(faults(code, ({ path }) => vague.test(path) && 'a vague name')).toEqual([])
  })

  it('have named exports only', () => {
    const named = everyFile.filter(({ path }) => !path.endsWith('.config.ts'))
    expect(occurrences(named, /^export default\b/gm)).toEqual([])
  })

  it('run when their types are stripped', () => {
    const stuck = faults(everyFile, ({ text }) => {
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
    const fixtures = 'tests/helpers/fixtures.ts'
    const self = 'tests/unit/architecture.test.ts'
    const wrong = faults(written, ({ path, text }) => {
      return path !== fixtures && path !== self && (elsewhere.exec(text)?.[0] ?? null)
    })
    expect(wrong).toEqual([])
  })
})
