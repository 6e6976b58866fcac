/** A bucket of S3, or of a service that is compatible with it. The SDK is loaded only if a bucket is opened. */
import type { AgentOptions } from 'node:https'
import { pipeline, Readable, Transform } from 'node:stream'
import type { S3Storage } from '#src/config/s3-storage.ts'
import { StallTimeout, tooSlow } from '#src/ports/stall-timeout.ts'

export type S3Settings = Omit<S3Storage, 'kind'> & {
  /** For a bucket that is not the operator's. `agent` has the options of its connections. */
  guard?: { agent: AgentOptions; maxObjectBytes: number }
}

export type S3Bucket = Awaited<ReturnType<typeof openS3Bucket>>

export interface S3Object {
  body: Readable
  /** In bytes. */
  length: number
}

export interface ListedObject {
  key: string
  /** In bytes. */
  size: number
  /** When it was stored. */
  at: number
}

// Memory for each upload: two parts at a time, of the minimum part size of S3.
const PART_BYTES = 5 * 1024 * 1024
const PARTS_AT_ONCE = 2
const CONNECT_TIMEOUT_MS = 5_000
// A page of a list has 1,000 keys.
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
// S3 allows 1,000.
const DELETE_BATCH = 500

export async function openS3Bucket(settings: S3Settings) {
  const { S3 } = await import('@aws-sdk/client-s3')
  const { Upload } = await import('@aws-sdk/lib-storage')
  const { bucket: Bucket, region, endpoint, credentials, forcePathStyle, guard } = settings
  const client = new S3({
    // S3-compatible services accept any region.
    region: region ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    // AWS_ENDPOINT_URL may be in the operator's network.
    ...(guard !== undefined && { ignoreConfiguredEndpointUrls: true }),
    ...(credentials !== undefined && { credentials }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    // Not all S3-compatible services support the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      // Until the answer begins. Without `throw…` the SDK only writes a warning. An upload is one request, too.
      requestTimeout: Math.max(settings.requestTimeoutMs, settings.uploadTimeoutMs),
      throwOnRequestTimeout: true,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      ...(guard && { httpsAgent: guard.agent, httpAgent: guard.agent }),
    },
  })
  let isClosed = false
  if (guard !== undefined) {
    // Before the SDK reads the body into memory.
    const when = { step: 'deserialize', priority: 'low', name: 'limit' } as const
    client.middlewareStack.add((next, context) => {
      return async (args) => {
        // Neither a request that is tried again, nor the next page of a list that has no end.
        if (isClosed) throw new Error('the bucket was closed')
        const result = await next(args)
        const response = result.response as { statusCode: number; body: unknown }
        const isObject = context['commandName'] === 'GetObjectCommand' && response.statusCode < 300
        response.body = limited(response.body, isObject ? guard.maxObjectBytes : MAX_ANSWER_BYTES)
        return result
      }
    }, when)
  }

  /** Rejects if the object does not exist. */
  async function getObject(Key: string, Range?: string): Promise<S3Object> {
    const { Body, ContentLength } = await client.getObject({ Bucket, Key, Range })
    if (!(Body instanceof Readable) || ContentLength === undefined) {
      throw new Error('S3 answered without a body')
    }
    return { body: Body, length: ContentLength }
  }

  async function* pages(Prefix: string, Delimiter?: string) {
    for (let ContinuationToken: string | undefined; ; ) {
      const page = await client.listObjectsV2({ Bucket, Prefix, Delimiter, ContinuationToken })
      yield page
      ContinuationToken = page.NextContinuationToken
      if (ContinuationToken === undefined) return
    }
  }

  return {
    getObject,

    /** Bytes of the object; undefined if it does not exist. */
    async sizeOf(Key: string): Promise<number | undefined> {
      const head = await unlessMissing(client.headObject({ Bucket, Key }))
      return head && (head.ContentLength ?? 0)
    },

    /** Undefined if it does not exist. */
    open(key: string): Promise<S3Object | undefined> {
      return unlessMissing(getObject(key))
    },

    /** Stores it when the source has ended. Rejects with the error of the source; throws 504 if the bucket is too slow. */
    async put(Key: string, source: AsyncIterable<Uint8Array>): Promise<void> {
      const stallTimeout = new StallTimeout(settings.uploadTimeoutMs, PART_BYTES)
      const upload = new Upload({
        client,
        params: { Bucket, Key, Body: stallTimeout.watch(source) },
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
    },

    /** False if `from` does not exist. */
    async copy(from: string, Key: string): Promise<boolean> {
      const CopySource = encodeURI(`${Bucket}/${from}`)
      return (await unlessMissing(client.copyObject({ Bucket, CopySource, Key }))) !== undefined
    },

    /** Objects that do not exist are no error. */
    async deleteKeys(keys: readonly string[]): Promise<void> {
      for (let at = 0; at < keys.length; at += DELETE_BATCH) {
        const Objects = keys.slice(at, at + DELETE_BATCH).map((Key) => ({ Key }))
        const { Errors = [] } = await client.deleteObjects({
          Bucket,
          Delete: { Objects, Quiet: true },
        })
        if (Errors.length > 0) throw new Error(`S3 failed to delete: ${Errors[0]?.Code}`)
      }
    },

    async *list(prefix: string): AsyncGenerator<ListedObject> {
      for await (const { Contents = [] } of pages(prefix)) {
        for (const { Key: key, Size: size = 0, LastModified } of Contents) {
          if (key !== undefined) yield { key, size, at: LastModified?.getTime() ?? 0 }
        }
      }
    },

    /** The next parts of the keys below `prefix`, which ends with a slash, if more follows. */
    async *folders(prefix: string): AsyncGenerator<string> {
      for await (const { CommonPrefixes = [] } of pages(prefix, '/')) {
        for (const { Prefix } of CommonPrefixes) {
          if (Prefix !== undefined) yield Prefix.slice(prefix.length, -1)
        }
      }
    },

    /** Rejects if the bucket cannot be used. */
    async check(): Promise<void> {
      await client.headBucket({ Bucket })
    },

    /** Ends its connections, and all that is going on. */
    close(): void {
      isClosed = true
      client.destroy()
    },
  }
}

function limited(body: unknown, maxBytes: number): unknown {
  if (!(body instanceof Readable)) return body
  let size = 0
  const limit = new Transform({
    transform(chunk: Uint8Array, _, done) {
      size += chunk.length
      if (size > maxBytes) done(new Error(`the bucket answered with more than ${maxBytes} bytes`))
      else done(null, chunk)
    },
  })
  return pipeline(body, limit, () => {})
}

function isTimeout(error: unknown): boolean {
  return (error as { name?: string }).name === 'TimeoutError'
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  return name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404
}
