/** Archives without a server: listed and verified in their folder or bucket. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FoundArchive, listArchives } from '#src/archive/list-archives.ts'
import { archivedAccounts, newestArchive } from '#src/archive/storage-archives.ts'
import { verifyArchive } from '#src/archive/verify-archive.ts'
import { type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { environment } from '#src/config/config.ts'
import { EnvironmentReader } from '#src/config/read.ts'
import { readStorageLocation } from '#src/config/storage-location.ts'
import { openArchiveStorage } from '#src/ports/open-archive-storage.ts'
import { signingKey } from '#src/ports/secp256k1.ts'

export const offlineOptions = {
  location: {
    type: 'string',
    value: 'FOLDER-OR-S3-URL',
    help: 'Read the archives there, without a server (s3://BUCKET/PREFIX with the PDS_ARCHIVE_S3_… variables)',
  },
  'signed-by': {
    type: 'string',
    value: 'DID:KEY',
    help: 'Key of the server that made the archive, if that is another one',
  },
} as const

export function isOffline(invocation: Invocation): boolean {
  return textOption(invocation, 'location') !== undefined
}

export async function openOffline(invocation: Invocation) {
  const read = new EnvironmentReader(environment())
  const text = textOption(invocation, 'location')!
  const location = readStorageLocation(read, 'PDS_ARCHIVE', text)
  if (location === undefined || read.errors.length > 0) throw new UsageError(read.errors.join('; '))
  const storage = await openArchiveStorage(location)
  const trusted = trustedKeys(invocation)
  const backupKeyHex = read.text('PDS_BACKUP_KEY_HEX')
  const backupKey = backupKeyHex === undefined ? undefined : Buffer.from(backupKeyHex, 'hex')
  return {
    async list(did: string | undefined): Promise<object[]> {
      if (did !== undefined) return (await listArchives(storage, did, trusted)).map(viewOf)
      const newest: object[] = []
      for await (const one of archivedAccounts(storage)) {
        const [found] = await listArchives(storage, one, trusted)
        if (found !== undefined) newest.push({ did: one, ...viewOf(found) })
      }
      return newest
    },
    async verify(did: string, archive?: string): Promise<object> {
      mustBeDid(did)
      const name = archive ?? (await newestArchive(storage, did))
      const verify = { storage, trusted, backupKey, report: invocation.report }
      const { manifest, signedBy, isPrivateOpened } = await verifyArchive(verify, {
        did,
        archive: name,
      })
      return {
        ok: true,
        ...viewOf({ archive: name, manifest }),
        signedBy,
        privateOpened: isPrivateOpened,
      }
    },
  }
}

function mustBeDid(did: string): void {
  if (!did.startsWith('did:'))
    throw new UsageError('with --location an account is named by its DID')
}

function viewOf(found: FoundArchive): object {
  const { archive } = found
  if ('problem' in found) return { archive, error: found.problem }
  const { createdAt, rev, records, blobs, blobBytes, missingBlobs, parts } = found.manifest
  const isPrivate = parts['private.sealed'] !== undefined
  const counts = { records, blobs, blobBytes, missingBlobs }
  return { archive, createdAt, rev, ...counts, private: isPrivate }
}

/** The key that is named, else that of the server whose variables or data folder are here. */
function trustedKeys(invocation: Invocation): string[] {
  const named = textOption(invocation, 'signed-by')
  if (named !== undefined) return [named]
  const env = environment()
  const hex = env['PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'] || generatedKey(env)
  if (hex) return [signingKey(Buffer.from(hex, 'hex')).did()]
  throw new UsageError(
    'the key of the server is not known: set PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX, or name it with --signed-by',
  )
}

function generatedKey(env: NodeJS.Dict<string>): string | undefined {
  try {
    const file = join(env['PDS_DATA_DIRECTORY'] || 'data', 'secrets.json')
    return JSON.parse(readFileSync(file, 'utf8')).plcRotationKeyHex
  } catch {
    return undefined
  }
}
