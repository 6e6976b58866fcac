import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'
import { headwater } from '#tests/support/command-line.ts'
import { silent } from '#tests/support/firehose.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestServer,
} from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'

let plc: PlcServer
let address: string
let server: TestServer
/** Runs after an operation was accepted, and before the server gets the answer. */
let afterOperation: () => Promise<void> = async () => {}

const between = createServer(async (request, response) => {
  const body = await buffer(request)
  const headers = { 'content-type': 'application/json' }
  const init = { method: request.method!, headers, ...(body.length > 0 && { body }) }
  const answer = await fetch(`${plc.url}${request.url}`, init)
  const text = await answer.text()
  if (request.method === 'POST') await afterOperation()
  response.writeHead(answer.status, headers).end(text)
})

beforeAll(async () => {
  plc = await startPlcServer({ path: ':memory:', log: silent })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  const { port } = between.address() as AddressInfo
  address = `http://127.0.0.1:${port}`
  server = await startServer({ env: { PDS_DID_PLC_URL: address } })
})

afterAll(async () => {
  between.closeAllConnections()
  between.close()
  await server?.remove()
  await plc?.stop()
})

it('a change of handle that was published is completed at the next start', async () => {
  const alice = await createTestAccount(server, 'alice')
  afterOperation = async () => {
    afterOperation = async () => {}
    await server.kill9()
  }
  const update = alice.agent.com.atproto.identity.updateHandle({ handle: 'alicia.test' })
  await expect(update).rejects.toThrow()
  await server.start()
  const { identity } = alice.agent.com.atproto
  const resolved = async () => {
    const { data } = await identity.resolveHandle({ handle: 'alicia.test' })
    return data.did
  }
  await expect.poll(resolved).toBe(alice.did)
  const called = async () => {
    const { data } = await alice.agent.com.atproto.server.getSession()
    return data.handle
  }
  await alice.agent.login({ identifier: 'alicia.test', password: alice.password })
  await expect.poll(called).toBe('alicia.test')
  using firehose = new Subscription(server, 0)
  const announced = () =>
    firehose
      .eventsOf(alice.did)
      .flatMap(({ kind, body }) => (kind === '#identity' ? [body.handle] : []))
  await expect.poll(announced).toEqual(['alice.test', 'alicia.test'])
})

it('a change of the host name goes on after a crash of the server, and all accounts follow it', async () => {
  const hex = (byte: string) => byte.repeat(32)
  const env = {
    ...{ PDS_HOSTNAME: 'old.example.com', PDS_SERVICE_DID: 'did:web:old.example.com' },
    PDS_ADMIN_PASSWORD: adminPassword,
    ...{
      PDS_DID_PLC_URL: address,
      PDS_INVITE_REQUIRED: 'false',
      PDS_DISABLE_SSRF_PROTECTION: 'true',
    },
    ...{ PDS_JWT_SECRET: hex('1a'), PDS_KEY_ENCRYPTION_KEY_HEX: hex('2b') },
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: hex('3c'),
    PDS_SERVICE_HANDLE_DOMAINS: '.old.example.com,.new.example.com',
  }
  await using renamed = await startServer({ env })
  const dids: string[] = []
  let accessJwt = ''
  for (const name of ['anna', 'bert', 'carl']) {
    const agent = new AtpAgent({ service: renamed.url })
    const names = { handle: `${name}.old.example.com`, email: `${name}@example.com` }
    const { data } = await agent.createAccount({ ...names, password: 'a password' })
    dids.push(data.did)
    accessJwt = data.accessJwt
  }
  env.PDS_HOSTNAME = 'new.example.com'
  await renamed.restart()
  let restarted: Promise<void> | undefined
  afterOperation = async () => {
    afterOperation = async () => {}
    await renamed.kill9()
    restarted = renamed.start()
  }
  const cli = { HEADWATER_URL: renamed.url, PDS_ADMIN_PASSWORD: adminPassword }
  const from = ['hostname', 'change', '--from', 'https://old.example.com']
  const handles = ['--rename', '.old.example.com=.new.example.com', '--per-minute', '6000']
  const changed = await headwater([...from, ...handles, '--yes', '--json'], cli)
  await restarted
  // The first operation was published before the crash.
  expect(changed.json()).toMatchObject({ accounts: 3, changed: 2, unchanged: 1, failed: 0 })
  for (const [i, did] of dids.entries()) {
    const answer = await fetch(`${plc.url}/${did}/data`)
    expect(await answer.json()).toMatchObject({
      alsoKnownAs: [`at://${['anna', 'bert', 'carl'][i]}.new.example.com`],
      services: { atproto_pds: { endpoint: 'https://new.example.com' } },
    })
  }
  using firehose = new Subscription(renamed, 0)
  const announced = () =>
    dids.map((did) => {
      const last = firehose.eventsOf(did).findLast(({ kind }) => kind === '#identity')
      return (last?.body as { handle?: string } | undefined)?.handle
    })
  const expected = ['anna', 'bert', 'carl'].map((name) => `${name}.new.example.com`)
  await expect.poll(announced, { timeout: 60_000 }).toEqual(expected)
  // The DID of the server has stayed.
  const session = await fetch(`${renamed.url}/xrpc/com.atproto.server.getSession`, {
    headers: { authorization: `Bearer ${accessJwt}` },
  })
  expect(await session.json()).toMatchObject({ did: dids[2], handle: 'carl.new.example.com' })
  const again = await headwater([...from, '--dry-run', '--json'], cli)
  expect(again.json()).toMatchObject({ accounts: 3, changed: 0, unchanged: 3 })
})
