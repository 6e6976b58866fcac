import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getHandle, getKey } from '@atproto/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NameServer, startNameServer } from '#tests/support/name-server.ts'
import {
  fetchAtHost,
  type ResolvableServer,
  startResolvableServer,
} from '#tests/support/resolvable-server.ts'
import {
  adminPassword,
  createTestAccount,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const unknownDid = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

let names: NameServer
let fixture: ResolvableServer
let server: TestServer
let firehose: Subscription
let alice: TestAccount

beforeAll(async () => {
  names = await startNameServer()
  fixture = await startResolvableServer({
    env: {
      PDS_SERVICE_HANDLE_DOMAINS: '.test,.pds.example.com',
      PDS_HANDLE_BACKUP_NAMESERVERS: names.address,
      PDS_ID_RESOLVER_TIMEOUT: '500',
      PDS_ENABLE_DID_DOC_WITH_SESSION: 'true',
    },
  })
  server = fixture.server
  firehose = new Subscription(server)
  await firehose.opened
  alice = await createTestAccount(server, 'alice')
  await createTestAccount(server, 'dave')
})

afterAll(async () => {
  firehose?.ws.close()
  names?.close()
  await server?.remove()
})

/** The handles in the account's #identity events, in order; undefined if an event has none. */
const announced = (did: string) =>
  firehose.messages
    .filter(({ kind, body }) => kind === '#identity' && body.did === did)
    .map(({ body }) => body.handle)

const updateHandle = (account: TestAccount, handle: string) =>
  account.agent.com.atproto.identity.updateHandle({ handle })

/**
 * The identity as the network sees it: in the PLC directory, at its handle's host, and by resolveHandle.
 */
async function known(did: string) {
  const document = await fixture.resolver.did.resolve(did, true)
  return document && getHandle(document)
}

describe('updateHandle', () => {
  it('updateHandle to another name under a service domain is visible everywhere', async () => {
    const bob = await createTestAccount(server, 'bob')
    await updateHandle(bob, 'Robert.pds.example.com')
    const handle = 'robert.pds.example.com'
    expect(await known(bob.did)).toBe(handle)
    expect(await fixture.resolver.handle.resolve(handle)).toBe(bob.did)
    const { data } = await bob.agent.com.atproto.server.getSession()
    expect(data).toMatchObject({ handle, didDoc: { alsoKnownAs: [`at://${handle}`] } })
    const described = await bob.agent.com.atproto.repo.describeRepo({ repo: handle })
    expect(described.data).toMatchObject({ handle, handleIsCorrect: true })
    await expect.poll(() => announced(bob.did)).toEqual(['bob.test', handle])
    const old = bob.agent.com.atproto.identity.resolveHandle({ handle: 'bob.test' })
    await expect(old).rejects.toMatchObject({ status: 400, error: 'HandleNotFound' })
    const log = await fetch(`${fixture.plcUrl}/${bob.did}/log`)
    expect(await log.json()).toHaveLength(2)

    await updateHandle(bob, handle)
    await expect.poll(() => announced(bob.did)).toEqual(['bob.test', handle, handle])
    await bob.agent.login({ identifier: handle, password: bob.password })
  })

  it('updateHandle accepts a domain with a TXT record', async () => {
    const carol = await createTestAccount(server, 'carol')
    const handle = 'carol.their-own-domain.dev'
    await expect(updateHandle(carol, handle)).rejects.toMatchObject({
      status: 400,
      message: 'External handle did not resolve to DID',
    })
    names.records[`_atproto.${handle}`] = `did=${carol.did}`
    await updateHandle(carol, handle)
    expect(await known(carol.did)).toBe(handle)
    const { data } = await alice.agent.com.atproto.identity.resolveHandle({ handle })
    expect(data.did).toBe(carol.did)
    await expect.poll(() => announced(carol.did)).toEqual(['carol.test', handle])
    await expect(updateHandle(alice, handle)).rejects.toMatchObject({ status: 400 })
  })

  it.each([
    ['not a handle', 'InvalidRequest'],
    ['a.alice.test', 'InvalidHandle'],
    ['k1ke.test', 'InvalidHandle'],
    ['admin.test', 'HandleNotAvailable'],
    ['dave.test', 'HandleNotAvailable'],
    ['pds.example.com', 'InvalidRequest'],
  ])('updateHandle rejects "%s" as %s', async (handle, error) => {
    const answer = call(server, 'identity.updateHandle', { body: { handle }, as: alice })
    expect(await statusAndError(answer)).toEqual([400, error])
    expect(announced(alice.did)).toEqual(['alice.test'])
  })

  it('updateHandle requires an account', async () => {
    const body = { handle: 'erin.test' }
    expect(await statusAndError(call(server, 'identity.updateHandle', { body }))).toEqual([
      401,
      'AuthMissing',
    ])
  })
})

describe('resolving', () => {
  const ask = (method: string, query: Record<string, string>) =>
    call(server, `identity.${method}`, { query })

  it('resolveDid returns DID documents whose keys other implementations can read', async () => {
    const { body } = await ask('resolveDid', { did: alice.did })
    const { didDoc } = body as { didDoc: Parameters<typeof getKey>[0] }
    expect(didDoc).toEqual(await (await fetch(`${fixture.plcUrl}/${alice.did}`)).json())
    expect(didDoc.verificationMethod).toMatchObject([{ type: 'Multikey' }])
    expect(getKey(didDoc)).toMatch(/^did:key:zQ3sh/)
    expect(await statusAndError(ask('resolveDid', { did: unknownDid }))).toEqual([
      400,
      'DidNotFound',
    ])
  })

  it('resolveIdentity finds identities by handle and by DID', async () => {
    const identity = { did: alice.did, handle: 'alice.test', didDoc: { id: alice.did } }
    for (const identifier of ['alice.test', alice.did]) {
      expect((await ask('resolveIdentity', { identifier })).body).toMatchObject(identity)
      const refreshed = await call(server, 'identity.refreshIdentity', { body: { identifier } })
      expect(refreshed.body).toMatchObject(identity)
    }
    for (const identifier of ['nobody.test', 'nobody.their-own-domain.dev']) {
      const answer = ask('resolveIdentity', { identifier })
      expect(await statusAndError(answer)).toEqual([400, 'HandleNotFound'])
    }
  })

  it('resolveIdentity returns the handle that the document has, whichever was given', async () => {
    names.records['_atproto.mallory.dev'] = `did=${alice.did}`
    const { body } = await ask('resolveIdentity', { identifier: 'mallory.dev' })
    expect(body).toMatchObject({ did: alice.did, handle: 'alice.test' })
  })

  it('resolveIdentity resolves handles of other servers', async () => {
    names.records['_atproto.somebody.dev'] = `did=${unknownDid}`
    expect((await ask('resolveHandle', { handle: 'Somebody.dev' })).body).toEqual({
      did: unknownDid,
    })
    const unknown = await ask('resolveHandle', { handle: 'nobody.dev' })
    expect(unknown).toMatchObject({
      status: 400,
      error: 'InvalidRequest',
      message: 'Unable to resolve handle',
    })
  })
})

describe('PLC operations', () => {
  /** The code in the newest mail to this address. */
  function mailedCode(address: string): string | undefined {
    const folder = join(server.dir, 'mail')
    const mails = readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    const mail = mails.findLast((text) => text.includes(`To: ${address}`))
    return mail && /^[A-Z2-7]{5}-[A-Z2-7]{5}$/m.exec(mail)?.[0]
  }

  it('signPlcOperation signs once with the emailed code, and submitPlcOperation submits the result', async () => {
    const grace = await createTestAccount(server, 'grace')
    const { identity } = grace.agent.com.atproto
    const { data: credentials } = await identity.getRecommendedDidCredentials()
    const { data: plcData } = await fetch(`${fixture.plcUrl}/${grace.did}/data`).then(
      async (response) => ({ data: (await response.json()) as object }),
    )
    expect(plcData).toMatchObject(credentials)

    await expect(identity.signPlcOperation({})).rejects.toMatchObject({
      status: 400,
      message: 'email confirmation token required to sign PLC operations',
    })
    await expect(identity.signPlcOperation({ token: 'AAAAA-AAAAA' })).rejects.toMatchObject({
      status: 400,
      error: 'InvalidToken',
    })
    await identity.requestPlcOperationSignature()
    const token = mailedCode('grace@example.com')!
    expect(token).toBeDefined()
    const alsoKnownAs = ['at://grace.test', 'https://grace.example']
    const { data } = await identity.signPlcOperation({ token, alsoKnownAs })
    expect(data.operation).toMatchObject({ type: 'plc_operation', alsoKnownAs })
    await expect(identity.signPlcOperation({ token })).rejects.toMatchObject({
      error: 'InvalidToken',
    })

    await identity.submitPlcOperation({ operation: data.operation })
    await expect.poll(() => announced(grace.did)).toEqual(['grace.test', undefined])
    const described = await grace.agent.com.atproto.repo.describeRepo({ repo: grace.did })
    expect(described.data.didDoc).toMatchObject({ alsoKnownAs })

    const again = identity.submitPlcOperation({ operation: data.operation })
    await expect(again).rejects.toMatchObject({ status: 400 })
    const wrong = { ...data.operation, services: {} }
    await expect(identity.submitPlcOperation({ operation: wrong })).rejects.toMatchObject({
      status: 400,
      message: 'Incorrect type on atproto_pds service',
    })
  })
})

describe('handle rules', () => {
  const put = (body: unknown) =>
    call(server, '/admin/handle-rules', { body, verb: 'PUT', as: admin })

  it('handle rules can be changed while the server runs', async () => {
    expect((await put({ domains: ['.new.example.com'], unreserved: ['admin'] })).status).toBe(200)
    const { data } = await alice.agent.com.atproto.server.describeServer()
    expect(data.availableUserDomains).toEqual(['.test', '.pds.example.com', '.new.example.com'])
    const heidi = await createTestAccount(server, 'heidi')
    await updateHandle(heidi, 'admin.new.example.com')
    const url = new URL('https://admin.new.example.com/.well-known/atproto-did')
    expect(await (await fetchAtHost(server.url, url)).text()).toBe(heidi.did)
    const check = await call(server, '/tls-check', { query: { domain: url.host } })
    expect(check.body).toEqual({ success: true })

    const refused = await put({})
    expect(refused.message).toBe('Accounts have handles under .new.example.com')
    await updateHandle(heidi, 'heidi.test')
    expect((await put({})).status).toBe(200)
    const removedDomain = updateHandle(heidi, 'heidi.new.example.com')
    await expect(removedDomain).rejects.toMatchObject({
      message: 'External handle did not resolve to DID',
    })
  })
})
