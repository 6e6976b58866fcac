/**
 * Blobs in a bucket of an S3 service, named as the reference names them: `blocks/<did>/<cid>`, uploads that wait
 * `tmp/<did>/<key>`, what is set aside `quarantine/<did>/<cid>`. The SDK is loaded only where this is configured.
 */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { XrpcError } from '#src/errors.ts'
import {
  type BlobStorage,
  type OpenBlob,
  safeName,
  type TempUpload,
} from '#src/ports/blob-storage.ts'

export interface S3Settings {
  bucket: string
  region: string | undefined
  endpoint: string | undefined
  forcePathStyle: boolean | undefined
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined
  /** Longest time in which the storage may take nothing of an upload, in ms. */
  uploadTimeoutMs: number
  /** Longest time that the storage may be silent, in ms. */
  requestTimeoutMs: number
}

/** What is held of an upload at once: parts of the least size that S3 allows, two on their way. */
const PART_BYTES = 5 * 1024 * 1024
const PARTS_AT_ONCE = 2
const CONNECT_TIMEOUT_MS = 5_000
/** The most that S3 deletes at once is 1,000. */
const DELETE_BATCH = 500

export async function s3BlobStorage(settings: S3Settings): Promise<BlobStorage> {
  const { S3 } = await import('@aws-sdk/client-s3')
  const { Upload } = await import('@aws-sdk/lib-storage')
  const { bucket: Bucket, region, endpoint, credentials, forcePathStyle } = settings
  const client = new S3({
    // Services other than Amazon's take any.
    region: region ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    // Services other than Amazon's do not all know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      requestTimeout: settings.requestTimeoutMs,
      connectionTimeout: CONNECT_TIMEOUT_MS,
    },
  })
  const placeOf = (did: string, cid: string) => `blocks/${safeName(did)}/${safeName(cid)}`
  const tempOf = (did: string, key: string) => `tmp/${safeName(did)}/${safeName(key)}`
  const asideOf = (did: string, cid: string) => `quarantine/${safeName(did)}/${safeName(cid)}`

  async function exists(Key: string): Promise<boolean> {
    return present(client.headObject({ Bucket, Key }))
  }

  /** False where there is nothing at either end. */
  async function move(from: string, to: string): Promise<boolean> {
    const CopySource = encodeURI(`${Bucket}/${from}`)
    const copied = await present(client.copyObject({ Bucket, CopySource, Key: to }))
    if (!copied) return exists(to)
    await present(client.deleteObject({ Bucket, Key: from }))
    return true
  }

  async function openKey(Key: string): Promise<OpenBlob | undefined> {
    try {
      const { Body, ContentLength } = await client.getObject({ Bucket, Key })
      if (!(Body instanceof Readable) || ContentLength === undefined) {
        throw new Error('the blob storage answered without a body')
      }
      const close = async () => {
        Body.destroy()
      }
      return { size: ContentLength, bytes: Body, close }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async function deleteKeys(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += DELETE_BATCH) {
      const Objects = keys.slice(at, at + DELETE_BATCH).map((Key) => ({ Key }))
      const { Errors = [] } = await client.deleteObjects({
        Bucket,
        Delete: { Objects, Quiet: true },
      })
      if (Errors.length > 0) throw new Error(`the blob storage did not delete: ${Errors[0]?.Code}`)
    }
  }

  async function* listed(Prefix: string): AsyncGenerator<{ key: string; at: number }> {
    for (let ContinuationToken: string | undefined; ; ) {
      const page = await client.listObjectsV2({ Bucket, Prefix, ContinuationToken })
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, at: LastModified?.getTime() ?? 0 }
      }
      ContinuationToken = page.NextContinuationToken
      if (ContinuationToken === undefined) return
    }
  }

  return {
    async putTemp(did, source) {
      const key = randomBytes(20).toString('hex')
      const stall = new StallTimeout(settings.uploadTimeoutMs)
      const upload = new Upload({
        client,
        params: { Bucket, Key: tempOf(did, key), Body: stall.watch(source) },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        abortController: stall.controller,
      })
      upload.on('httpUploadProgress', () => stall.goesOn())
      try {
        await upload.done()
      } catch (error) {
        throw stall.reason ?? (isTimeout(error) ? tooSlow() : error)
      } finally {
        stall.end()
      }
      return key
    },
    makePermanent: (did, key, cid) => move(tempOf(did, key), placeOf(did, cid)),
    open: (did, cid) => openKey(placeOf(did, cid)),
    openTemp: (did, key) => openKey(tempOf(did, key)),
    quarantine: (did, cid) => move(placeOf(did, cid), asideOf(did, cid)),
    unquarantine: (did, cid) => move(asideOf(did, cid), placeOf(did, cid)),
    delete: (did, cids) =>
      deleteKeys(cids.flatMap((cid) => [placeOf(did, cid), asideOf(did, cid)])),
    deleteTemps: (did, keys) => deleteKeys(keys.map((key) => tempOf(did, key))),
    async deleteAll(did) {
      for (const folder of ['blocks', 'tmp', 'quarantine']) {
        const keys: string[] = []
        for await (const { key } of listed(`${folder}/${safeName(did)}/`)) keys.push(key)
        await deleteKeys(keys)
      }
    },
    async *listTemps(before): AsyncGenerator<TempUpload> {
      for await (const { key, at } of listed('tmp/')) {
        const [, did, name] = key.split('/')
        if (did !== undefined && name !== undefined && at < before) yield { did, key: name }
      }
    },
    async check() {
      await client.headBucket({ Bucket })
    },
  }
}

/** Ends an upload of which the storage takes nothing, and keeps what the source itself broke off with. */
class StallTimeout {
  readonly controller = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined
  /** False while the next bytes are the client's to send. */
  #isFed = false
  reason: unknown

  constructor(ms: number) {
    this.#ms = ms
  }

  /** The source as the SDK takes it. While it is the client that is slow, nothing is timed. */
  watch(source: AsyncIterable<Uint8Array>): Readable {
    return Readable.from(this.#watched(source), { objectMode: false, highWaterMark: PART_BYTES })
  }

  async *#watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        this.#isFed = true
        this.goesOn()
        yield chunk
        this.#isFed = false
        clearTimeout(this.#timer)
      }
      this.#isFed = true
      this.goesOn()
    } catch (error) {
      this.reason ??= error
      throw error
    }
  }

  goesOn(): void {
    clearTimeout(this.#timer)
    if (!this.#isFed) return
    this.#timer = setTimeout(() => {
      this.reason ??= tooSlow()
      this.controller.abort()
    }, this.#ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

function tooSlow(): XrpcError {
  return new XrpcError(504, 'UpstreamTimeout', 'Upload timed out, please try again.')
}

function isTimeout(error: unknown): boolean {
  return (error as { name?: string }).name === 'TimeoutError'
}

async function present(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  return name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404
}
