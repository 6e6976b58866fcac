/** Archives and backups in a bucket, below a prefix. */
import { type ArchiveStorage, safeKey, safePrefix } from '#src/ports/archive-storage.ts'
import { openS3Bucket, type S3Bucket, type S3Settings } from '#src/ports/s3-bucket.ts'

/** `prefix` is empty, or ends with a slash. */
export async function s3Storage(
  settings: S3Settings & { prefix: string },
): Promise<ArchiveStorage> {
  const { bucket, prefix } = settings
  return bucketStorage(await openS3Bucket(settings), `s3://${bucket}/${prefix}`, prefix)
}

/** `root` is empty, or ends with a slash. */
export function bucketStorage(bucket: S3Bucket, name: string, root: string): ArchiveStorage {
  return {
    name,
    put: (key, source) => bucket.put(root + safeKey(key), iterated(source)),
    async get(key) {
      const found = await bucket.open(root + safeKey(key))
      if (found === undefined) return undefined
      const { body, length } = found
      return { size: length, bytes: body, close: async () => void body.destroy() }
    },
    sizeOf: (key) => bucket.sizeOf(root + safeKey(key)),
    async *list(prefix) {
      for await (const { key, size } of bucket.list(root + safePrefix(prefix))) {
        yield { key: key.slice(root.length), size }
      }
    },
    folders: (prefix) => bucket.folders(root + safePrefix(prefix)),
    delete: (keys) => bucket.deleteKeys(keys.map((key) => root + safeKey(key))),
    check: () => bucket.check(),
  }
}

async function* iterated(source: Uint8Array | AsyncIterable<Uint8Array>) {
  if (source instanceof Uint8Array) yield source
  else yield* source
}
