/** Admin methods, as clients and relays see their effects. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminAuthorization,
  type ModeratedServer,
  repoRef,
  startModeratedServer,
} from '#tests/support/moderated-server.ts'
import { bearer } from '#tests/support/realtime-callers.ts'
import { RealtimeClient } from '#tests/support/realtime-client.ts'
import { post } from '#tests/support/records.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { expectCommit, expectProof, verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const off = { applied: false }

let fixture: ModeratedServer
beforeAll(async () => {
  fixture = await startModeratedServer()
})
afterAll(() => fixture?.[Symbol.asyncDispose]())

async function add(
  by: TestAccount,
  text: string,
): Promise<{ uri: string; cid: string; rkey: string }> {
  const record = post(text)
  const { data } = await by.agent.com.atproto.repo.createRecord({
    repo: by.did,
    collection: 'app.bsky.feed.post',
    record,
  })
  return { uri: data.uri, cid: data.cid, rkey: data.uri.split('/').at(-1)! }
}

describe('an account', () => {
  let alice: TestAccount
  let erin: TestAccount
  beforeAll(async () => {
    alice = await createTestAccount(fixture.server, 'alice')
    erin = await createTestAccount(fixture.server, 'erin')
  })

  it('that is taken down is told AccountTakedown on its realtime connections', async () => {
    const carl = await createTestAccount(fixture.server, 'carl')
    const client = new RealtimeClient(fixture.server.url, { as: bearer(carl.agent) })
    await client.next('ready')
    const takedown = { subject: repoRef(carl), takedown: { applied: true } }
    await fixture.admin.updateSubjectStatus(takedown)
    expect(await client.refusal()).toEqual(['AccountTakedown', 1008])
  })

  it('searchAccounts finds an account by a part of its email or handle', async () => {
    const { data } = await fixture.admin.searchAccounts({ email: 'ERIN@exam' })
    expect(data.accounts).toMatchObject([{ did: erin.did, handle: erin.handle }])
    const first = await fixture.admin.searchAccounts({ limit: 1 })
    const second = await fixture.admin.searchAccounts({ limit: 1, cursor: first.data.cursor! })
    expect(second.data.accounts[0]!.did).not.toBe(first.data.accounts[0]!.did)
  })

  it('getAccountInfo and getAccountInfos describe an account', async () => {
    const { data } = await fixture.admin.getAccountInfo({ did: erin.did })
    const { did, handle } = erin
    expect(data).toMatchObject({ did, handle, email: 'erin@example.com', invitesDisabled: false })
    await fixture.admin.disableAccountInvites({ account: did })
    const many = await fixture.admin.getAccountInfos({
      dids: [did, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'],
    })
    expect(many.data.infos).toMatchObject([{ did, invitesDisabled: true }])
    const unknown = fixture.admin.getAccountInfo({ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' })
    await expect(unknown).rejects.toMatchObject({ error: 'NotFound' })
  })

  it('sendEmail sends an email to an account', async () => {
    const mail = {
      recipientDid: erin.did,
      senderDid: fixture.moderation.did,
      content: '<p>Dear Erin</p>',
    }
    expect((await fixture.admin.sendEmail(mail)).data).toEqual({ sent: true })
    const folder = join(fixture.server.dir, 'mail')
    const mails = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(mails.find((text) => text.includes('Dear Erin'))).toContain('erin@example.com')
  })

  it('updateAccountEmail changes the email, and rejects one that is taken', async () => {
    await fixture.admin.updateAccountEmail({ account: erin.handle, email: 'Erin2@example.com' })
    expect((await fixture.admin.getAccountInfo({ did: erin.did })).data.email).toBe(
      'erin2@example.com',
    )
    const taken = fixture.admin.updateAccountEmail({
      account: erin.did,
      email: `${alice.handle.split('.')[0]}@example.com`,
    })
    await expect(taken).rejects.toMatchObject({ status: 400 })
  })

  it('updateAccountHandle changes the handle, also in the DID document', async () => {
    await fixture.admin.updateAccountHandle({ did: erin.did, handle: 'admin.test' })
    const { data } = await erin.agent.com.atproto.identity.resolveHandle({ handle: 'admin.test' })
    expect(data.did).toBe(erin.did)
    expect((await fixture.resolver.did.resolveAtprotoData(erin.did, true)).handle).toBe(
      'admin.test',
    )
  })

  it('updateAccountPassword changes the password and ends all sessions', async () => {
    const { refreshJwt } = erin.agent.session!
    await fixture.admin.updateAccountPassword({ did: erin.did, password: 'another password' })
    const refresh = { as: `Bearer ${refreshJwt}`, verb: 'POST' }
    const refreshing = statusAndError(call(fixture.server, 'server.refreshSession', refresh))
    expect(await refreshing).toEqual([400, 'ExpiredToken'])
    const agent = new AtpAgent({ service: fixture.server.url })
    await agent.login({ identifier: 'admin.test', password: 'another password' })
    expect(agent.session?.did).toBe(erin.did)
  })

  it('updateSubjectStatus deactivates and reactivates an account', async () => {
    const subject = repoRef(erin)
    expect((await fixture.moderate({ subject, deactivated: { applied: true } })).status).toBe(200)
    const { data } = await fixture.admin.getSubjectStatus({ did: erin.did })
    expect(data).toMatchObject({ takedown: off, deactivated: { applied: true } })
    expect((await fixture.moderate({ subject, deactivated: off })).status).toBe(200)
    await expect
      .poll(() => fixture.eventsOf(erin.did).slice(-3))
      .toEqual(['#account active', '#identity', '#sync'])
  })

  it('updateSubjectStatus without a change announces an account again', async () => {
    const before = fixture.eventsOf(erin.did).length
    expect((await fixture.moderate({ subject: repoRef(erin) })).status).toBe(200)
    await expect.poll(() => fixture.eventsOf(erin.did).slice(before)).toEqual(['#account active'])
  })

  it('admin.deleteAccount deletes an account', async () => {
    await fixture.admin.deleteAccount({ did: erin.did })
    const status = statusAndError(
      call(fixture.server, 'sync.getRepoStatus', { query: { did: erin.did } }),
    )
    expect(await status).toEqual([400, 'RepoNotFound'])
    await expect.poll(() => fixture.eventsOf(erin.did).at(-1)).toBe('#account deleted')
    const unknown = fixture.admin.getAccountInfo({ did: erin.did })
    await expect(unknown).rejects.toMatchObject({ error: 'NotFound' })
  })
})

describe('invite codes', () => {
  it('getInviteCodes and disableInviteCodes list and disable invite codes', async () => {
    const make = await call(fixture.server, 'server.createInviteCode', {
      body: { useCount: 2 },
      as: adminAuthorization,
    })
    const { code } = make.body as { code: string }
    const { data } = await fixture.admin.getInviteCodes({ limit: 1 })
    expect(data.codes).toMatchObject([{ code, available: 2, disabled: false, uses: [] }])
    await fixture.admin.disableInviteCodes({ codes: [code] })
    expect((await fixture.admin.getInviteCodes({})).data.codes[0]).toMatchObject({
      code,
      disabled: true,
    })
  })
})

describe('com.atproto.admin.updateAccountSigningKey', () => {
  it('updateAccountSigningKey rotates the key of an account, and relays verify all later events', async () => {
    const fay = await createTestAccount(fixture.server, 'fay')
    await add(fay, 'with the old key')
    const old = await fixture.resolver.did.resolveAtprotoKey(fay.did)
    const { data } = await fay.agent.com.atproto.server.reserveSigningKey({ did: fay.did })
    await fixture.admin.updateAccountSigningKey({ did: fay.did, signingKey: data.signingKey })
    const key = await fixture.resolver.did.resolveAtprotoKey(fay.did, true)
    expect(key).toBe(data.signingKey)
    expect(key).not.toBe(old)

    const owner = { did: fay.did, key }
    const head = await verifiedRepo(
      (await fay.agent.com.atproto.sync.getRepo({ did: fay.did })).data,
      owner,
    )
    await expect.poll(() => fixture.eventsOf(fay.did).slice(-2)).toEqual(['#identity', '#sync'])
    const sync = fixture.firehose.eventsOf(fay.did).at(-1)!.body
    expect(sync.rev).toBe(head.rev)

    const written = await add(fay, 'with the new key')
    const { data: latest } = await fay.agent.com.atproto.sync.getLatestCommit({ did: fay.did })
    const commit = (await fixture.firehose.waitForCommit(latest.cid)).body
    await expectCommit(commit, owner, sync)
    const params = { did: fay.did, collection: 'app.bsky.feed.post', rkey: written.rkey }
    const proof = await fay.agent.com.atproto.sync.getRecord(params)
    await expectProof(proof.data, owner, { ...params, cid: written.cid })
  })

  it('updateAccountSigningKey rejects a key that this server does not hold', async () => {
    const gus = await createTestAccount(fixture.server, 'gus')
    const signingKey = await fixture.resolver.did.resolveAtprotoKey(fixture.moderation.did)
    const attempt = fixture.admin.updateAccountSigningKey({ did: gus.did, signingKey })
    await expect(attempt).rejects.toMatchObject({ status: 400 })
    await add(gus, 'as before')
  })
})

describe('the admin methods', () => {
  let hal: TestAccount
  beforeAll(async () => {
    hal = await createTestAccount(fixture.server, 'hal')
  })

  it.each([
    ['GET', 'admin.getAccountInfo', 'did=did:web:example.com'],
    ['GET', 'admin.searchAccounts', ''],
    ['POST', 'admin.deleteAccount', ''],
    ['POST', 'admin.updateAccountSigningKey', ''],
  ])('accounts may not call the admin method %s %s', async (verb, method, query) => {
    const body = verb === 'POST' ? { body: {} } : { query }
    expect((await call(fixture.server, method, { as: hal, ...body })).status).toBe(401)
    expect((await call(fixture.server, method, body)).status).toBe(401)
  })
})
