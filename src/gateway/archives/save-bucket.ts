/** Saves the bucket that an owner names, if it can be used: an object is stored in it, read and deleted. */
import { randomBytes } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import { boundedStorage } from '#src/gateway/archives/bounded-storage.ts'
import { deadlineAfter } from '#src/gateway/archives/deadline.ts'
import type { OwnArchivePorts } from '#src/gateway/archives/own-archive.ts'
import { type ArchiveStorage, readObject } from '#src/ports/archive-storage.ts'
import type { BucketLocation } from '#src/ports/guarded-bucket.ts'
import { bucketSecretContext } from '#src/rules/own-archives.ts'

export interface BucketInput {
  endpoint?: string | undefined
  region?: string | undefined
  bucket: string
  prefix?: string | undefined
  accessKeyId: string
  /** The member of a group who names it; absent if the account itself does. */
  setBy?: string | undefined
  /** If absent, that of the same bucket as it was saved before. */
  secretAccessKey?: string | undefined
}

/** Of trying it out, for which its owner waits. */
export const TRY_MS = 30_000

/** Throws 400 InvalidBucket, SecretRequired, or BucketFailed. */
export async function saveBucket(
  ports: OwnArchivePorts,
  did: string,
  input: BucketInput,
): Promise<void> {
  const location = await locationOf(ports, input)
  const secret = input.secretAccessKey || (await formerSecret(ports, did, location))
  if (secret.length > 512) throw invalid('The secret key is too long')
  const opened = await ports.openBucket(location, secret)
  const deadline = deadlineAfter(ports, TRY_MS, tooSlow)
  try {
    await tryOut(boundedStorage(opened.storage, deadline))
  } finally {
    deadline.end()
    opened.close()
  }
  const sealed = ports.keys.seal(new Uint8Array(Buffer.from(secret)), bucketSecretContext(did))
  await ports.dispatch.directory.ownBuckets.put({
    did,
    location,
    setBy: input.setBy ?? null,
    secret: sealed,
  })
}

async function locationOf(
  { urlRefusal }: Pick<OwnArchivePorts, 'urlRefusal'>,
  { endpoint, region, bucket, prefix = '', accessKeyId }: BucketInput,
): Promise<BucketLocation> {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw invalid('This is not the name of a bucket')
  if (region && !/^[a-z0-9-]{1,32}$/.test(region)) throw invalid('This is not the name of a region')
  if (!/^[\x21-\x7e]{1,256}$/.test(accessKeyId)) throw invalid('This is not an access key ID')
  const parts = prefix.split('/').filter((part) => part !== '')
  const isSafe = parts.every((part) => /^[\w.:-]+$/.test(part) && !/^\.+$/.test(part))
  if (!isSafe || prefix.length > 200) {
    throw invalid('The folder may only have letters, digits, and . _ : -')
  }
  if (endpoint) await mustBeAllowed(urlRefusal, endpoint)
  return {
    ...(endpoint && { endpoint: new URL(endpoint).origin }),
    ...(region && { region }),
    ...{ bucket, prefix: parts.map((part) => `${part}/`).join(''), accessKeyId },
  }
}

async function mustBeAllowed(
  urlRefusal: OwnArchivePorts['urlRefusal'],
  endpoint: string,
): Promise<void> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const isPlain = url && url.pathname === '/' && !url.search && !url.hash && !url.username
  if (!isPlain || url.href.length > 300) {
    throw invalid('The endpoint must be a URL without a path, such as https://s3.example.com')
  }
  const refusal = await urlRefusal(url)
  if (refusal !== undefined) throw invalid(`The endpoint cannot be used: ${refusal}`)
}

async function formerSecret(
  { dispatch, keys }: OwnArchivePorts,
  did: string,
  location: BucketLocation,
): Promise<string> {
  const found = await dispatch.directory.ownBuckets.find({ did })
  const isSame =
    found !== null &&
    (['endpoint', 'bucket', 'accessKeyId'] as const).every(
      (name) => found.location[name] === location[name],
    )
  if (!isSame) throw invalidRequest('The secret key is missing', 'SecretRequired')
  return Buffer.from(keys.open(Uint8Array.from(found.secret), bucketSecretContext(did))).toString()
}

async function tryOut(storage: ArchiveStorage): Promise<void> {
  const key = `check-${randomBytes(8).toString('hex')}`
  const bytes = randomBytes(64)
  await storage.put(key, bytes)
  const found = await storage.get(key)
  const same = found && Buffer.from(await readObject(found, 1_024)).equals(bytes)
  await storage.delete([key])
  if (!same) throw invalidRequest('The bucket does not return what it was given', 'BucketFailed')
}

function tooSlow() {
  return invalidRequest('The bucket cannot be used: it is too slow', 'BucketFailed')
}

function invalid(message: string) {
  return invalidRequest(message, 'InvalidBucket')
}
