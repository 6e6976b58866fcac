/** What the directory knows of an account's archives, also of those in a bucket of its owner. */
import * as directory from '#src/directory/directory.ts'
import type { Directory } from '#src/directory/open-directory.ts'

export async function fillArchives(of: Directory, did: string): Promise<void> {
  const made = { rev: '3k', stateSeq: 7, name: 'archive-1', bytes: 9 }
  await directory.recordArchive(of, { did, ...made })
  const location = { bucket: 'alices', prefix: '', accessKeyId: 'key' }
  await directory.putOwnBucket(of, { did, location, secret: new Uint8Array([1]) })
  await directory.recordOwnArchive(of, { did, setAt: of.clock.now(), ...made })
}
