/**
 * Blobs in an S3 bucket, with the reference's keys: `blocks/<did>/<cid>`, temporary uploads `tmp/<did>/<key>`,
 * quarantined blobs `quarantine/<did>/<cid>`. The SDK is loaded only if this storage is configured.
 */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { S3Storage } from '#src/config/blobs.ts'
import { XrpcError } from '#src/errors.ts'
import {
  type BlobStorage,
  type OpenBlob,
  safeName,
  type TempUpload,
} from '#src/ports/blob-storage.ts'

// Memory for each upload: two parts at a time, of the minimum part size of S3.
const PART_BYTES = 5 * 1024 * 1024
const PARTS_AT_ONCE = 2
const CONNECT_TIMEOUT_MS = 5_000
// S3 allows 1,000.
const DELETE_BATCH = 500

export async function s3BlobStorage(settings: Omit<S3Storage, 'kind'>): Promise<BlobStorage> {
  const { S3 } = await import('@aws-sdk/client-s3')
  const { Upload } = await import('@aws-sdk/lib-storage')
  const { bucket: Bucket, region, endpoint, credentials, forcePathStyle } = settings
  const client = new S3({
    // S3-compatible services accept any region.
    region: region ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    // Not all S3-compatible services support the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      requestTimeout: settings.requestTimeoutMs,
      connectionTimeout: CONNECT_TIMEOUT_MS,
    },
  })
  const permanentKey = (did: string, cid: string) => `blocks/${safeName(did)}/${safeName(cid)}`
  const tempKey = (did: string, key: string) => `tmp/${safeName(did)}/${safeName(key)}`
  const quarantineKey = (did: string, cid: string) => `quarantine/${safeName(did)}/${safeName(cid)}`

  async function exists(Key: string): Promise<boolean> {
    return ifExists(client.headObject({ Bucket, Key }))
  }

  async function move(from: string, to: string): Promise<boolean> {
    const CopySource = encodeURI(`${Bucket}/${from}`)
    const copied = await ifExists(client.copyObject({ Bucket, CopySource, Key: to }))
    if (!copied) return exists(to)
    await ifExists(client.deleteObject({ Bucket, Key: from }))
    return true
  }

  async function getObject(
    Key: string,
    Range?: string,
  ): Promise<{ body: Readable; length: number }> {
    const { Body, ContentLength } = await client.getObject({ Bucket, Key, Range })
    if (!(Body instanceof Readable) || ContentLength === undefined) {
      throw new Error('blob storage response without a body')
    }
    return { body: Body, length: ContentLength }
  }

  async function openKey(Key: string): Promise<OpenBlob | undefined> {
    try {
      const whole = await getObject(Key)
      let open = whole.body
      return {
        size: whole.length,
        bytes: whole.body,
        async *part(start, end) {
          whole.body.destroy()
          open = (await getObject(Key, `bytes=${start}-${end}`)).body
          yield* open
        },
        async close() {
          open.destroy()
        },
      }
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
      if (Errors.length > 0) throw new Error(`blob storage failed to delete: ${Errors[0]?.Code}`)
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
      const stallTimeout = new StallTimeout(settings.uploadTimeoutMs)
      const upload = new Upload({
        client,
        params: { Bucket, Key: tempKey(did, key), Body: stallTimeout.watch(source) },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        abortController: stallTimeout.controller,
      })
      upload.on('httpUploadProgress', () => stallTimeout.restart())
      try {
        await upload.done()
      } catch (error) {
        throw stallTimeout.reason ?? (isTimeout(error) ? tooSlow() : error)
      } finally {
        stallTimeout.end()
      }
      return key
    },
    makePermanent: (did, key, cid) => move(tempKey(did, key), permanentKey(did, cid)),
    open: (did, cid) => openKey(permanentKey(did, cid)),
    openTemp: (did, key) => openKey(tempKey(did, key)),
    quarantine: (did, cid) => move(permanentKey(did, cid), quarantineKey(did, cid)),
    unquarantine: (did, cid) => move(quarantineKey(did, cid), permanentKey(did, cid)),
    delete: (did, cids) =>
      deleteKeys(cids.flatMap((cid) => [permanentKey(did, cid), quarantineKey(did, cid)])),
    deleteTemps: (did, keys) => deleteKeys(keys.map((key) => tempKey(did, key))),
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

// Aborts an upload if the storage accepts no data, and keeps the error of the source, if that failed.
class StallTimeout {
  readonly controller = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined
  // False while waiting for the client's next bytes.
  #hasData = false
  reason: unknown

  constructor(ms: number) {
    this.#ms = ms
  }

  watch(source: AsyncIterable<Uint8Array>): Readable {
    return Readable.from(this.#watched(source), { objectMode: false, highWaterMark: PART_BYTES })
  }

  async *#watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        this.#hasData = true
        this.restart()
        yield chunk
        this.#hasData = false
        clearTimeout(this.#timer)
      }
      this.#hasData = true
      this.restart()
    } catch (error) {
      this.reason ??= error
      throw error
    }
  }

  restart(): void {
    clearTimeout(this.#timer)
    if (!this.#hasData) return
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

async function ifExists(work: Promise<unknown>): Promise<boolean> {
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
