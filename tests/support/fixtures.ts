/** The interoperability fixtures of atproto, where they lie beside the repo; what needs them is skipped elsewhere. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { root } from '#tests/support/sources.ts'

const folder = join(root, '../shared/interop')
const present = existsSync(folder)

/** Groups tests of fixtures: `describe`, unless there are none. */
export const describeFixtures = describe.skipIf(!present)

/** The examples of a text fixture, for example `syntax/tid_syntax_valid.txt`: no comments, no blank lines. */
export function fixtureLines(path: string): string[] {
  if (!present) return []
  const lines = readFileSync(join(folder, path), 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

/** The cases of a JSON fixture. */
export function fixtureCases<Case>(path: string): Case[] {
  return present ? JSON.parse(readFileSync(join(folder, path), 'utf8')) : []
}
