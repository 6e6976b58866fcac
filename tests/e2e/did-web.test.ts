/** An account with a did:web, from the service token of createAccount to the imported repo. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { carType, createMigratedAccount } from '#tests/support/migration-steps.ts'
import { createdAt } from '#tests/support/records.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'
import { adminPassword, startServer, type TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const thing = 'com.example.thing'
const limit = 200_000
const { key } = newSigningKey()
/** The contents of the DID document. */
const document = { key: key.did(), endpoint: 'https://elsewhere.example.com' }

let didHost: Server
let did: string
let server: TestServer
let agent: AtpAgent

beforeAll(async () => {
  didHost = createServer((_, response) => {
    const multikey = document.key.slice('did:key:'.length)
    const method = { id: `${did}#atproto`, type: 'Multikey', controller: did }
    const pds = { id: '#atproto_pds', type: 'AtprotoPersonalDataServer' }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        id: did,
        verificationMethod: [{ ...method, publicKeyMultibase: multikey }],
        service: [{ ...pds, serviceEndpoint: document.endpoint }],
      }),
    )
  })
  await new Promise<void>((listening) => didHost.listen(0, 'localhost', listening))
  did = `did:web:localhost%3A${(didHost.address() as AddressInfo).port}`
  server = await startServer({ env: { PDS_MAX_REPO_IMPORT_SIZE: String(limit) } })
})
afterAll(async () => {
  await server.remove()
  didHost.close()
})

function proof(signer = key): string {
  const now = Math.floor(Date.now() / 1000)
  const lxm = 'com.atproto.server.createAccount'
  const claims = { iss: did, aud: 'did:web:localhost', lxm, iat: now, exp: now + 60, jti: 'once' }
  return createServiceToken(claims, signer)
}

const records = Object.fromEntries(
  Array.from({ length: 50 }, (_, n) => [`${thing}/k${n}`, { $type: thing, n, createdAt }]),
)
const headers = () => ({
  authorization: `Bearer ${agent.session!.accessJwt}`,
  'content-type': carType,
})
const importRepo = (body: Uint8Array, more: Record<string, string> = {}) =>
  call(server, 'repo.importRepo', { body, headers: { ...headers(), ...more } })
const subject = () => ({ $type: 'com.atproto.admin.defs#repoRef', did })
const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

describe('a did:web account', () => {
  it("createAccount for a did:web requires a token signed with the document's key", async () => {
    const input = { did, handle: 'wendy.test', email: 'web@example.com', password: 'of the web' }
    const wrong = proof(newSigningKey().key)
    const body = input
    const refused = call(server, 'server.createAccount', { body, as: `Bearer ${wrong}` })
    expect(await statusAndError(refused)).toEqual([401, 'BadJwtSignature'])
    agent = await createMigratedAccount(server, proof(), input)
    const { data } = await agent.com.atproto.server.checkAccountStatus()
    expect(data).toMatchObject({ activated: false, validDid: false })
  })

  it("importRepo for a did:web requires a repo signed with the document's key, a CAR, and its size limit", async () => {
    const { car } = foreignRepo({ did, signer: key, records })
    expect(await statusAndError(importRepo(new Uint8Array(limit + 1)))).toEqual([
      413,
      'PayloadTooLarge',
    ])
    const json = importRepo(car, { 'content-type': 'application/json' })
    expect(await statusAndError(json)).toEqual([400, 'InvalidRequest'])
    expect(await statusAndError(importRepo(Buffer.from('not a CAR')))).toEqual([
      400,
      'InvalidRequest',
    ])
    const { car: forged } = foreignRepo({ did, signer: newSigningKey().key, records })
    expect(await importRepo(forged)).toMatchObject({
      status: 400,
      message: expect.stringContaining('not signed'),
    })
    expect(await importRepo(car)).toMatchObject({ status: 200, body: '' })
    const { data } = await agent.com.atproto.server.checkAccountStatus()
    expect(data).toMatchObject({ indexedRecords: 50 })
  })

  it('a did:web account is activated when its document points here, and served with its new key', async () => {
    const before = agent.com.atproto.server.activateAccount()
    await expect(before).rejects.toThrow('does not match PDS public url')
    document.endpoint = server.url
    const halfway = agent.com.atproto.server.activateAccount()
    await expect(halfway).rejects.toThrow('does not match expected signing key')
    const { data } = await agent.com.atproto.identity.getRecommendedDidCredentials()
    document.key = (data.verificationMethods as { atproto: string }).atproto
    using firehose = new Subscription(server)
    await firehose.opened
    await agent.com.atproto.server.activateAccount()
    await firehose.waitForMessages(3)
    expect(firehose.kinds).toEqual(['#account', '#identity', '#sync'])
    const { data: car } = await new AtpAgent({ service: server.url }).com.atproto.sync.getRepo({
      did,
    })
    const repo = await verifiedRepo(car, { did, key: document.key })
    expect(repo.records.size).toBe(50)
    expect(repo.rev).toBe(firehose.messages[2]!.body.rev)
    // Importing its own repo again emits a #sync.
    expect(await importRepo(car)).toMatchObject({ status: 200 })
    await firehose.waitForMessages(4)
    expect(firehose.kinds.at(-1)).toBe('#sync')
  })

  it('listRepos lists a did:web account in every state', async () => {
    const listed = async () => (await call(server, 'sync.listRepos')).body
    expect(await listed()).toMatchObject({ repos: [{ did, active: true }] })
    const takedown = (applied: boolean) =>
      call(server, 'admin.updateSubjectStatus', {
        body: { subject: subject(), takedown: { applied, ref: 'spam' } },
        as: admin,
      })
    await agent.com.atproto.server.deactivateAccount({})
    expect(await listed()).toMatchObject({ repos: [{ active: false, status: 'deactivated' }] })
    expect(await takedown(true)).toMatchObject({ status: 200 })
    expect(await listed()).toMatchObject({ repos: [{ active: false, status: 'takendown' }] })
    const { car } = foreignRepo({ did, signer: key, records })
    expect(await statusAndError(importRepo(car))).toEqual([401, 'AccountTakedown'])
    const activate = call(server, 'server.activateAccount', { verb: 'POST', headers: headers() })
    expect(await statusAndError(activate)).toEqual([400, 'AccountNotFound'])
    expect(await takedown(false)).toMatchObject({ status: 200 })
    expect(await listed()).toMatchObject({ repos: [{ active: false, status: 'deactivated' }] })
    await agent.com.atproto.server.activateAccount()
    expect(await listed()).toMatchObject({ repos: [{ active: true }] })
  })

  it('a did:web account may not be deactivated, moved or deleted with an app password', async () => {
    const { data } = await agent.com.atproto.server.createAppPassword({ name: 'reader' })
    const { password } = data
    const narrow = new AtpAgent({ service: server.url })
    await narrow.login({ identifier: 'wendy.test', password })
    const as = `Bearer ${narrow.session!.accessJwt}`
    const { car } = foreignRepo({ did, signer: key, records: {} })
    for (const attempt of [
      call(server, 'server.activateAccount', { verb: 'POST', as }),
      call(server, 'server.deactivateAccount', { body: {}, as }),
      call(server, 'server.requestAccountDelete', { verb: 'POST', as }),
      call(server, 'repo.importRepo', { body: car, as, headers: { 'content-type': carType } }),
    ]) {
      expect(await statusAndError(attempt)).toEqual([400, 'InvalidToken'])
    }
    expect(await call(server, 'server.checkAccountStatus', { as })).toMatchObject({ status: 200 })
  })
})
