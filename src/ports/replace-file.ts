/** Replaces a small file in one step. */
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '#src/ports/sync-folder.ts'

/**
 * Durably: after a power failure the file is as before or as after. `prepare` changes the new file before it takes the
 * place of the old one.
 */
export async function replaceFile(
  path: string,
  text: string,
  prepare: (draft: string) => void = () => {},
): Promise<void> {
  const draft = `${path}-draft`
  await writeFile(draft, text, { mode: 0o600, flush: true })
  prepare(draft)
  await rename(draft, path)
  await syncFolder(dirname(path))
}
