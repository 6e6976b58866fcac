/**
 * Blobs in an S3 bucket, with the reference's keys: `blocks/<did>/<cid>`, temporary uploads `tmp/<did>/<key>`,
 * quarantined blobs `quarantine/<did>/<cid>`.
 */
import { randomBytes } from 'node:crypto'
import {
  type BlobStorage,
  type OpenBlob,
  safeName,
  type TempUpload,
} from '#src/ports/blob-storage.ts'
import { openS3Bucket, type S3Settings } from '#src/ports/s3-bucket.ts'

export async function s3BlobStorage(settings: S3Settings): Promise<BlobStorage> {
  const bucket = await openS3Bucket(settings)
  const permanentKey = (did: string, cid: string) => `blocks/${safeName(did)}/${safeName(cid)}`
  const tempKey = (did: string, key: string) => `tmp/${safeName(did)}/${safeName(key)}`
  const quarantineKey = (did: string, cid: string) => `quarantine/${safeName(did)}/${safeName(cid)}`

  async function move(from: string, to: string): Promise<boolean> {
    if (!(await bucket.copy(from, to))) return (await bucket.sizeOf(to)) !== undefined
    await bucket.deleteKeys([from])
    return true
  }

  async function openKey(key: string): Promise<OpenBlob | undefined> {
    const whole = await bucket.open(key)
    if (whole === undefined) return undefined
    let open = whole.body
    return {
      size: whole.length,
      bytes: whole.body,
      async *part(start, end) {
        whole.body.destroy()
        open = (await bucket.getObject(key, `bytes=${start}-${end}`)).body
        yield* open
      },
      async close() {
        open.destroy()
      },
    }
  }

  return {
    async putTemp(did, source) {
      const key = randomBytes(20).toString('hex')
      await bucket.put(tempKey(did, key), source)
      return key
    },
    makePermanent: (did, key, cid) => move(tempKey(did, key), permanentKey(did, cid)),
    open: (did, cid) => openKey(permanentKey(did, cid)),
    openTemp: (did, key) => openKey(tempKey(did, key)),
    quarantine: (did, cid) => move(permanentKey(did, cid), quarantineKey(did, cid)),
    unquarantine: (did, cid) => move(quarantineKey(did, cid), permanentKey(did, cid)),
    delete: (did, cids) =>
      bucket.deleteKeys(cids.flatMap((cid) => [permanentKey(did, cid), quarantineKey(did, cid)])),
    deleteTemps: (did, keys) => bucket.deleteKeys(keys.map((key) => tempKey(did, key))),
    async deleteAll(did) {
      for (const folder of ['blocks', 'tmp', 'quarantine']) {
        const keys: string[] = []
        for await (const { key } of bucket.list(`${folder}/${safeName(did)}/`)) keys.push(key)
        await bucket.deleteKeys(keys)
      }
    },
    async *listTemps(before): AsyncGenerator<TempUpload> {
      for await (const { key, at } of bucket.list('tmp/')) {
        const [, did, name] = key.split('/')
        if (did !== undefined && name !== undefined && at < before) yield { did, key: name }
      }
    },
    check: () => bucket.check(),
  }
}
