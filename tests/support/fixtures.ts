/** The interoperability fixtures of atproto, read from `tests/fixtures/interop`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '#tests/support/sources.ts'

const folder = join(root, 'tests/fixtures/interop')

/** The examples of a text fixture, for example `syntax/tid_syntax_valid.txt`: no comments, no blank lines. */
export function fixtureLines(path: string): string[] {
  const lines = readFileSync(join(folder, path), 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

/** The cases of a JSON fixture. */
export function fixtureCases<Case>(path: string): Case[] {
  return JSON.parse(readFileSync(join(folder, path), 'utf8'))
}
