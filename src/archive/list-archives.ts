/** The archives of an account, from their manifests. */
import type { Manifest } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { findArchives } from '#src/archive/storage-archives.ts'
import { openManifest } from '#src/archive/verify-archive.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'

export type FoundArchive =
  | { archive: string; manifest: Manifest }
  /** Its manifest is damaged, or signed by an unknown key. */
  | { archive: string; problem: string }

/** Newest first. */
export async function listArchives(
  storage: ArchiveStorage,
  did: string,
  trusted: readonly string[],
): Promise<FoundArchive[]> {
  const { complete } = await findArchives(storage, did)
  const found: FoundArchive[] = []
  for (const archive of complete) {
    try {
      const { manifest } = await openManifest({ storage, trusted }, { did, archive })
      found.push({ archive, manifest })
    } catch (error) {
      if (!(error instanceof ArchiveProblem)) throw error
      found.push({ archive, problem: error.message })
    }
  }
  return found
}
