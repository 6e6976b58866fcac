/** A folder for one test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Call it in the test, which removes the folder when it ends. Returns its path. */
export function tempFolder(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `headwater-${name}-`))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
