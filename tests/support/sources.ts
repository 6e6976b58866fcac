/** The project's own files as text, for the tests that check the code itself. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

export interface Source {
  /** Relative to the root, with forward slashes. */
  path: string
  text: string
}

const generated = 'src/protocol/lexicons/'

/** The files that match the globs, except generated and installed ones. */
export function sources(...globs: string[]): Source[] {
  return globSync(globs, { cwd: root })
    .filter((path) => !path.includes('node_modules') && !path.startsWith(generated))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

export function exists(path: string): boolean {
  return existsSync(join(root, path))
}

/** The text without comments, for searching names. */
export function codeOf(source: Source): string {
  return source.text
    .split('\n')
    .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
    .map((line) => line.replace(/\s\/\/ .*$/, ''))
    .join('\n')
}

/** `path: problem` for each problem that `fault` finds. */
export function violations(
  files: readonly Source[],
  fault: (file: Source) => string | string[] | false | null,
): string[] {
  return files.flatMap((file) => {
    const found = fault(file)
    return found ? [found].flat().map((what) => `${file.path}: ${what}`) : []
  })
}
