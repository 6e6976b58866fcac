import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newSigningKey, signingKey } from '#src/ports/secp256k1.ts'
import { headwater } from '#tests/support/command-line.ts'
import { freePort } from '#tests/support/processes.ts'
import { createdAt, post } from '#tests/support/records.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const { privateKey: rotationKey } = newSigningKey()
const serverKey = signingKey(rotationKey).did()
const secrets = {
  PDS_INVITE_REQUIRED: 'false',
  PDS_BACKUP_KEY_HEX: 'cd'.repeat(32),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: Buffer.from(rotationKey).toString('hex'),
}

let s3: S3Server
let storage: Record<string, string>
let plcPort: number
let server: TestServer
let alice: TestAccount
beforeAll(async () => {
  s3 = await startS3Server()
  storage = {
    PDS_ARCHIVE_LOCATION: `s3://${s3.bucket}/archives`,
    PDS_ARCHIVE_S3_ENDPOINT: s3.endpoint,
    PDS_ARCHIVE_S3_FORCE_PATH_STYLE: 'true',
    PDS_ARCHIVE_S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    PDS_ARCHIVE_S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  }
  plcPort = await freePort()
  const env = { ...secrets, ...storage, PDS_DEV_PLC_PORT: String(plcPort) }
  server = await startServer({ env })
  alice = await createTestAccount(server, 'alice')
})
afterAll(async () => {
  await server?.remove()
  await s3?.stop()
})

const at = ({ url }: TestServer) => ({ HEADWATER_URL: url, PDS_ADMIN_PASSWORD: adminPassword })

async function run<T>(env: Record<string, string>, ...args: string[]): Promise<T> {
  const outcome = await headwater(['archive', ...args, '--json'], env)
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<T>()
}

async function write(text: string, picture?: unknown): Promise<void> {
  const record = { ...post(text), ...(picture !== undefined && { picture }), createdAt }
  const repo = { repo: alice.did, collection: 'app.bsky.feed.post', validate: false }
  await alice.agent.com.atproto.repo.createRecord({ ...repo, record })
}

/** The texts of the repo at a server, verified by two other implementations. */
async function textsAt({ url }: TestServer): Promise<string[]> {
  const agent = new AtpAgent({ service: url })
  const { data: car } = await agent.com.atproto.sync.getRepo({ did: alice.did })
  const response = await fetch(`http://127.0.0.1:${plcPort}/${alice.did}/data`)
  const { verificationMethods } = (await response.json()) as never as {
    verificationMethods: { atproto: string }
  }
  await verifiedRepo(car, { did: alice.did, key: verificationMethods.atproto })
  const repo = { repo: alice.did, collection: 'app.bsky.feed.post' }
  const { data } = await agent.com.atproto.repo.listRecords(repo)
  return data.records.map(({ value }) => (value as { text: string }).text).toSorted()
}

it('the server archives accounts by itself, into a bucket', async () => {
  interface Listed {
    did: string
    archive?: string
  }
  const listed = () => run<Listed[]>(at(server), 'list')
  await expect
    .poll(async () => (await listed()).map(({ did }) => did), { timeout: 40_000, interval: 2_000 })
    .toContain(alice.did)
})

it('an account is archived, verified with and without the server, tried, and restored', async () => {
  const { data } = await alice.agent.com.atproto.repo.uploadBlob(Buffer.from('a picture'), {
    encoding: 'application/octet-stream',
  })
  await write('one', data.blob)
  await write('two')
  const made = await run<{ archive: string; rev: string }>(at(server), 'create', 'alice.test')
  expect(made).toMatchObject({ did: alice.did, records: 2, blobs: 1, private: true })
  const verified = { archive: made.archive, records: 2, blobs: 1, signedBy: serverKey }
  expect(await run(at(server), 'verify', 'alice.test')).toMatchObject(verified)
  const offline = { ...storage, ...secrets }
  const location = storage['PDS_ARCHIVE_LOCATION']!
  expect(
    await run(offline, 'verify', alice.did, made.archive, '--location', location),
  ).toMatchObject({ ...verified, privateOpened: true })
  expect(await run(offline, 'list', alice.did, '--location', location)).toMatchObject([
    { archive: made.archive, records: 2 },
  ])
  expect(await run(at(server), 'drill', 'alice.test')).toMatchObject({ records: 2, private: true })

  await write('three')
  const restored = await run<{ rev: string }>(at(server), 'restore', 'alice.test', made.archive)
  expect(restored).toMatchObject({ created: false, status: 'active', records: 2, missingBlobs: 0 })
  expect(restored.rev > made.rev).toBe(true)
  expect(await textsAt(server)).toEqual(['one', 'two'])
  // Password and sessions stay as they are.
  await write('four')
  expect(await textsAt(server)).toEqual(['four', 'one', 'two'])
})

it('an owner archives the account to a bucket of their own, which has no private part', async () => {
  const own = async (name: string, input: object) => {
    const { accessJwt: token } = alice.agent.session!
    const response = await fetch(`${server.url}/xrpc/dev.headwater.archive.${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ account: alice.did, ...input }),
    })
    return { status: response.status, text: await response.text() }
  }
  const where = { endpoint: s3.endpoint, bucket: s3.bucket, prefix: 'of-alice' }
  const { accessKeyId, secretAccessKey } = s3.credentials
  const refused = await own('putBucket', { ...where, accessKeyId: 'wrong', secretAccessKey })
  expect(refused.status).toBe(400)
  expect(refused.text).toContain('BucketFailed')
  const set = await own('putBucket', { ...where, accessKeyId, secretAccessKey })
  expect(set.status).toBe(200)
  expect(JSON.parse(set.text)).toMatchObject({ bucket: { bucket: s3.bucket, prefix: 'of-alice/' } })
  expect(set.text).not.toContain('secret')
  const lines = (await own('createArchive', {})).text.trim().split('\n')
  const { result } = JSON.parse(lines.at(-1)!) as { result: { archive: string; records: number } }
  expect(result).toMatchObject({ records: 3 })
  const location = `s3://${s3.bucket}/of-alice`
  const flags = ['--location', location, '--signed-by', serverKey]
  const verified = await run<object>(storage, 'verify', alice.did, result.archive, ...flags)
  expect(verified).toMatchObject({ records: 3, private: false })
})

it('an account that was deleted is restored with its key, its password and its blobs', async () => {
  const agent = new AtpAgent({ service: server.url })
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  await agent.com.atproto.admin.deleteAccount({ did: alice.did }, { headers: { authorization } })
  await expect(agent.com.atproto.sync.getRepo({ did: alice.did })).rejects.toThrow()
  const restore = () => run<object>(at(server), 'restore', alice.did)
  expect(await restore()).toMatchObject({ created: true, status: 'active', blobs: 1 })
  expect(await textsAt(server)).toEqual(['one', 'two'])
  const { data } = await agent.com.atproto.sync.listBlobs({ did: alice.did })
  const [cid] = data.cids
  const blob = await agent.com.atproto.sync.getBlob({ did: alice.did, cid: cid! })
  expect(Buffer.from(blob.data).toString()).toBe('a picture')
  await alice.agent.login({ identifier: 'alice.test', password: alice.password })
})

it('another server restores the account, and takes its DID over', async () => {
  await using other = await startServer({
    env: { ...secrets, ...storage, PDS_DID_PLC_URL: `http://127.0.0.1:${plcPort}` },
  })
  const restored = await run<object>(at(other), 'restore', alice.did, '--publish')
  expect(restored).toMatchObject({ created: true, status: 'active', records: 2, blobs: 1 })
  expect(await textsAt(other)).toEqual(['one', 'two'])
  const agent = new AtpAgent({ service: other.url })
  await agent.login({ identifier: 'alice.test', password: alice.password })
  expect(agent.did).toBe(alice.did)
})
