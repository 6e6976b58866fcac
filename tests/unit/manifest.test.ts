import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engineEnvironment } from '#src/engine/engine-environment.ts'
import { root, sources } from '#tests/support/sources.ts'

const code = sources('src/**/*.ts', 'actors/**/*.ts')

describe('rivet.json', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'rivet.json'), 'utf8'))
  const installed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  it('rivet.json lists the registered actors', () => {
    const registry = readFileSync(join(root, 'actors/registry.ts'), 'utf8')
    const [, use = ''] = /\buse:\s*\{([^}]*)\}/.exec(registry) ?? []
    const registered = [...use.matchAll(/(\w+)\s*(?:,|:|$|\n)/g)].map(([, name]) => name)
    expect(registered.length).toBeGreaterThan(0)
    expect(Object.keys(manifest.actors).sort()).toEqual([...new Set(registered)].sort())
  })

  it('rivet.json starts what npm starts, on the installed engine', () => {
    expect(manifest.start).toBe(installed.scripts.start)
    expect(manifest.engine.version).toBe(installed.dependencies['@rivetkit/engine-cli'])
    expect(manifest.engine.version).toBe(installed.dependencies.rivetkit)
  })

  it("rivet.json lists the engine's settings", () => {
    const addresses = { host: '127.0.0.1', guard: 1, metrics: 2 }
    const own = { hasRemoteActors: true, compaction: true }
    const all = engineEnvironment({ dir: '/pds/engine', token: 'token', addresses, ...own })
    // What is there is up to each engine: its place, its secret, and how it keeps others out.
    const places = /^HOME$|__(HOST|PORT|ADMIN_TOKEN)$/
    const { RUST_LOG: _, ...shared } = all
    const env = Object.fromEntries(Object.entries(shared).filter(([name]) => !places.test(name)))
    expect(manifest.engine.env).toEqual({ ...env, RUST_LOG: 'warn' })
  })

  it('rivet.json names variables, roles and a health path that exist', () => {
    const text = code.map((file) => file.text).join('\n')
    const known = [
      ...Object.keys(manifest.ports).map((name) => `'${name}'`),
      ...Object.keys(manifest.roles).map((role) => `'${role}'`),
      manifest.health,
    ]
    expect(known.filter((words) => !text.includes(words))).toEqual([])
  })
})

describe('package-lock.json', () => {
  interface Entry {
    version: string
    resolved?: string
    integrity?: string
    link?: boolean
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { '': _project, ...rest } = lock.packages as Record<string, Entry>
  const packages = Object.entries(rest).filter(([, { link }]) => !link)

  // Mirrors of the registry that carry one platform only do not have these. Remove what `scripts/lock-integrity.ts` finds.
  const notFound = [
    ...['darwin-arm64', 'darwin-x64', 'linux-arm64-musl', 'win32-x64'].map(
      (platform) => `engine-cli-${platform}`,
    ),
    ...['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-arm64-musl'].map(
      (platform) => `rivetkit-napi-${platform}`,
    ),
    ...['linux-x64-musl', 'win32-x64-msvc'].map((platform) => `rivetkit-napi-${platform}`),
  ].map((name) => `node_modules/@rivetkit/${name}`)

  it('has the hash of every package that could be looked up', () => {
    expect(packages.length).toBeGreaterThan(0)
    const without = packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
    expect(without.map(([path]) => path).sort()).toEqual(notFound.sort())
  })

  it('names no registry but the public one', () => {
    const others = packages.filter(
      ([, { resolved }]) => resolved && !resolved.startsWith('https://registry.npmjs.org/'),
    )
    expect(others).toEqual([])
  })
})
