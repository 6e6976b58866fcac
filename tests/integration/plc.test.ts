import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secp256k1Keypair } from '@atproto/crypto'
import { Client, type createOp } from '@did-plc/lib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog } from '#src/log.ts'
import { DEFAULT_PORT, startDevelopmentPlc } from '#src/plc/development-plc.ts'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'

type Key = Parameters<typeof createOp>[0]['signer']

let dir: string
let directory: PlcServer
let client: Client
let key: Key

const start = async (port?: number) => {
  const log = createLog('silent')
  directory = await startPlcServer({ path: join(dir, 'plc.sqlite'), port, log })
  client = new Client(directory.url)
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-plc-'))
  key = (await Secp256k1Keypair.create()) as unknown as Key
  await start()
})
afterEach(async () => {
  await directory.stop()
  rmSync(dir, { recursive: true })
})

const create = () =>
  client.createDid({
    signingKey: key.did(),
    rotationKeys: [key.did()],
    handle: 'alice.test',
    pds: 'http://localhost:2583',
    signer: key,
  })

const status = (path: string, init?: RequestInit) =>
  fetch(`${directory.url}${path}`, init).then((answer) => answer.status)

it('the PLC server serves a DID in every form that its client reads', async () => {
  const did = await create()
  await client.updateHandle(did, key, 'bob.test')
  const document = await client.getDocument(did)
  expect(document).toMatchObject({ id: did, alsoKnownAs: ['at://bob.test'] })
  expect(document.service[0]).toMatchObject({ serviceEndpoint: 'http://localhost:2583' })
  expect(await client.getDocumentData(did)).toMatchObject({ did, rotationKeys: [key.did()] })
  expect(await client.getOperationLog(did)).toHaveLength(2)
  expect(await client.getLastOp(did)).toMatchObject({ alsoKnownAs: ['at://bob.test'] })
  expect((await client.getAuditableLog(did)).map(({ nullified }) => nullified)).toEqual([
    false,
    false,
  ])
})

it('the PLC server keeps its log over a restart', async () => {
  const did = await create()
  await directory.stop()
  await start()
  expect(await client.getDocumentData(did)).toMatchObject({ did })
})

it('the PLC server listens on the given address', async () => {
  const { url } = directory
  await directory.stop()
  await start(Number(new URL(url).port))
  expect(directory.url).toBe(url)
})

it('the PLC server reports a tombstoned DID', async () => {
  const did = await create()
  await client.tombstone(did, key)
  await expect(client.getDocument(did)).rejects.toMatchObject({ status: 404 })
})

it('the PLC server rejects malformed requests', async () => {
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  const post = (body: string) => status(`/${did}`, { method: 'POST', body })
  expect(await status(`/${did}`)).toBe(404)
  expect(await status('/%')).toBe(400)
  expect(await status(`/${did}`, { method: 'DELETE' })).toBe(405)
  expect(await post('{')).toBe(400)
  expect(await post('{}')).toBe(400)
  expect(await post(JSON.stringify('x'.repeat(20_000)))).toBe(413)
  expect(await status('/_health')).toBe(200)
})

it('the development PLC server has a fixed port, or a free one if another program uses that', async () => {
  const other = createServer()
  other.listen(DEFAULT_PORT, '127.0.0.1')
  // That it is in use already will do.
  await once(other, 'listening').catch(() => {})
  const path = join(dir, 'development.sqlite')
  const plc = await startDevelopmentPlc({ path, port: undefined, log: createLog('silent') })
  expect(plc.url).not.toContain(`:${DEFAULT_PORT}`)
  await plc.stop()
  const taken = startDevelopmentPlc({ path, port: DEFAULT_PORT, log: createLog('silent') })
  await expect(taken).rejects.toThrow('2582 (PDS_DEV_PLC_PORT) is in use')
  other.close()
})
