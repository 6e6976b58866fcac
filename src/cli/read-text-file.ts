/** Reads a file that a command was given. */
import { readFileSync } from 'node:fs'
import { fileError } from '#src/cli/file-error.ts'

/** As UTF-8. Throws as `fileError`. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('read', path, error)
  }
}
