/** Blobs: uploading, referencing, reading and taking down. */
import { createAccount, repoRef } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const png = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
)
const thing = 'com.example.thing'

export const blobs: Scenario = {
  name: 'blobs',
  environment: 'alone',
  async run(client) {
    const { did, access: as } = await createAccount(client, 'blobs')
    const upload = (what: string, body: Uint8Array | string, type: string, headers = {}) =>
      client.call(what, 'com.atproto.repo.uploadBlob', {
        as,
        body,
        headers: { 'content-type': type, ...headers },
      })
    const { body } = await upload('a picture', png, 'image/png')
    await upload('a picture that says it is text', png, 'text/plain')
    await upload('text', 'hello', 'text/plain; charset=utf-8')
    await upload('JSON', '{}', 'application/json')
    await upload('any', 'hello', '*/*')
    await upload('no type', 'hello', '')
    await upload('a bad type', 'hello', 'nothing')
    await upload('no bytes', '', 'text/plain')
    await upload('a bad encoding', 'hello', 'text/plain', { 'content-encoding': 'rot13' })
    await upload('not really gzip', 'hello', 'text/plain', { 'content-encoding': 'gzip' })
    const blob = body.blob
    const cid = blob.ref.$link
    const write = (what: string, value: object, more: object = {}) =>
      client.call(what, 'com.atproto.repo.createRecord', {
        as,
        body: { repo: did, collection: thing, record: { blob: value }, ...more },
      })
    const ask = (what: string, method: string, query: Record<string, string | number> = {}) =>
      client.call(what, `com.atproto.${method}`, {
        as: method.startsWith('repo') ? as : undefined,
        query: { ...(method.startsWith('sync') && { did }), ...query },
      })
    await ask('before a record', 'sync.getBlob', { cid })
    await ask('before a record', 'sync.listBlobs')
    await write('another size', { ...blob, size: 1 })
    await write('another type', { ...blob, mimeType: 'image/jpeg' })
    const { body: made } = await write('as it is', blob, { rkey: 'blob' })
    await write('another size, after a record', { ...blob, size: 1 }, { rkey: 'size' })
    const profile = { repo: did, collection: 'app.bsky.actor.profile', rkey: 'self' }
    const text = (
      await client.request('com.atproto.repo.uploadBlob', {
        as,
        body: 'no picture',
        headers: { 'content-type': 'text/plain' },
      })
    ).body.blob
    await client.call('not what the lexicon takes', 'com.atproto.repo.putRecord', {
      as,
      body: { ...profile, record: { avatar: text } },
    })
    await client.call('larger than it takes', 'com.atproto.repo.putRecord', {
      as,
      body: { ...profile, record: { avatar: { ...blob, size: 3_000_000 } } },
    })
    await ask('named', 'sync.getBlob', { cid })
    await client.call('HEAD', 'com.atproto.sync.getBlob', { verb: 'HEAD', query: { did, cid } })
    await client.call('a part', 'com.atproto.sync.getBlob', {
      query: { did, cid },
      headers: { range: 'bytes=0-3' },
    })
    await ask('a bad cid', 'sync.getBlob', { cid: 'x' })
    await ask('of an unknown account', 'sync.getBlob', { cid, did: `did:plc:${'a'.repeat(24)}` })
    await ask('all', 'sync.listBlobs')
    await ask('since nothing', 'sync.listBlobs', { since: '3kaaaaaaaaa22' })
    await ask('one', 'sync.listBlobs', { limit: 1 })
    await ask('after it', 'sync.listBlobs', { cursor: cid })
    await ask('too many', 'sync.listBlobs', { limit: 1001 })
    await ask('none missing', 'repo.listMissingBlobs')
    await ask('a bad limit', 'repo.listMissingBlobs', { limit: 0 })
    const subject = { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid, recordUri: made.uri }
    const takedown = (what: string, applied: boolean) =>
      client.call(what, 'com.atproto.admin.updateSubjectStatus', {
        as: adminAuthorization,
        body: { subject, takedown: { applied, ref: 'b' } },
      })
    await takedown('a takedown', true)
    await ask('taken down', 'sync.getBlob', { cid })
    await client.call('taken down, by the account', 'com.atproto.sync.getBlob', {
      as,
      query: { did, cid },
    })
    await client.call('taken down, by the admin', 'com.atproto.sync.getBlob', {
      as: adminAuthorization,
      query: { did, cid },
    })
    await ask('taken down', 'sync.listBlobs')
    await upload('taken down', png, 'image/png')
    await write('taken down', blob, { rkey: 'down' })
    await client.call('taken down', 'com.atproto.admin.getSubjectStatus', {
      as: adminAuthorization,
      query: { did, blob: cid },
    })
    await takedown('its end', false)
    await ask('back', 'sync.getBlob', { cid })
    for (const rkey of ['blob', 'size', 'down']) {
      await client.request('com.atproto.repo.deleteRecord', {
        as,
        body: { repo: did, collection: thing, rkey },
      })
    }
    await ask('no record any more', 'sync.listBlobs')
    await client.call('unknown', 'com.atproto.admin.updateSubjectStatus', {
      as: adminAuthorization,
      body: { subject: { ...subject, cid: text.ref.$link }, takedown: { applied: true } },
    })
    await client.call('a repo', 'com.atproto.admin.updateSubjectStatus', {
      as: adminAuthorization,
      body: { subject: repoRef(did) },
    })
  },
}
