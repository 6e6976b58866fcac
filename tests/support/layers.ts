/** The layer and package tables of CONTRIBUTING.md, which the architecture test enforces. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '#tests/support/sources.ts'

export interface Layer {
  /** Where its files are: folders or single files, relative to the root. */
  paths: string[]
  /** Paths that its files may import, those of the layers below included. */
  imports: string[]
  /** Paths from which its files may import types only. */
  types: string[]
}

export interface PackageRule {
  /** `@atproto/*` names every package of the scope, `node:*` every built-in module. */
  names: string[]
  /** Where the packages may be imported. */
  paths: string[]
}

const everyActor = 'every layer of an actor'

/** Reads both tables. Throws if one of them is not there, or if a row names a path that is in no row. */
export function readLayers(): { layers: Layer[]; packages: PackageRule[] } {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const rows = tableAfter(page, '| layer ').map(([paths, runsIn, imports, types]) => ({
    paths: pathsOf(paths),
    isOfActor: /^(account|tenant|one|sharded) actor$/.test(runsIn ?? ''),
    imports: imports ?? '',
    types: types ?? '',
  }))
  const actorPaths = rows.filter(({ isOfActor }) => isOfActor).flatMap(({ paths }) => paths)
  const named = (cell: string) => [
    ...pathsOf(cell),
    ...(cell.includes(everyActor) ? actorPaths : []),
    ...(cell.includes('everything') ? rows.flatMap(({ paths }) => paths) : []),
  ]
  const below = (path: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(path)) return seen
    const row = rows.find(({ paths }) => paths.includes(path))
    if (row === undefined) throw new Error(`${path} is named in the layer table and has no row`)
    seen.add(path)
    for (const next of named(row.imports)) below(next, seen)
    return seen
  }
  const layers = rows.map(({ paths, imports, types }) => ({
    paths,
    imports: [...new Set(named(imports).flatMap((path) => [...below(path)]))],
    types: named(types),
  }))
  const packages = tableAfter(page, '| packages ').map(([names, paths]) => ({
    names: pathsOf(names),
    paths: pathsOf(paths),
  }))
  return { layers, packages }
}

/** The cells of each row of the table that begins with `header`. */
function tableAfter(page: string, header: string): string[][] {
  const lines = page.split('\n')
  const start = lines.findIndex((line) => line.startsWith(header))
  if (start === -1) throw new Error(`CONTRIBUTING.md has no table that begins with ${header}`)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What a cell has in backticks, with `{a,b}` spelled out. */
function pathsOf(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, path]) => {
    const [, before, choice, after] = /^(.*)\{(.*)\}(.*)$/.exec(path!) ?? []
    if (choice === undefined) return [path!]
    return choice.split(',').map((one) => `${before}${one}${after}`)
  })
}
