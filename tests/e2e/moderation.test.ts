/** Takedowns and reports, as clients, relays and other services see them. */
import type { BlobRef } from '@atproto/api'
import { verifyJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminAuthorization,
  type ModeratedServer,
  repoRef,
  startModeratedServer,
} from '#tests/support/moderated-server.ts'
import { post, thing } from '#tests/support/records.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const createReport = 'com.atproto.moderation.createReport'
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

const read = (of: TestAccount, rkey: string) => ({
  query: { repo: of.did, collection: 'app.bsky.feed.post', rkey },
})

describe('an account that is taken down', () => {
  let alice: TestAccount
  let rkey: string

  beforeAll(async () => {
    alice = await createTestAccount(fixture.server, 'alice')
    rkey = (await add(alice, 'hello')).rkey
    const answer = await fixture.moderate({
      subject: repoRef(alice),
      takedown: { applied: true, ref: 'case 1' },
    })
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toEqual({
      subject: repoRef(alice),
      takedown: { applied: true, ref: 'case 1' },
    })
  })

  it('a repo that is taken down is closed to unauthenticated callers, and open to the admin', async () => {
    const { did } = alice
    expect(await statusAndError(call(fixture.server, 'repo.getRecord', read(alice, rkey)))).toEqual(
      [400, expect.any(String)],
    )
    for (const method of ['sync.getRepo', 'sync.getLatestCommit', 'sync.listBlobs']) {
      const attempt = statusAndError(call(fixture.server, method, { query: { did } }))
      expect(await attempt, method).toEqual([400, 'RepoTakendown'])
      const seen = await call(fixture.server, method, { query: { did }, as: adminAuthorization })
      expect(seen.status, method).toBe(200)
    }
    const status = await call(fixture.server, 'sync.getRepoStatus', { query: { did } })
    expect(status.body).toEqual({ did, active: false, status: 'takendown' })
  })

  it('the takedown of an account is announced', async () => {
    await expect.poll(() => fixture.eventsOf(alice.did).at(-1)).toBe('#account takendown')
  })

  it('the takedown of an account ends its sessions, and createSession gives only the narrow one', async () => {
    const { refreshJwt } = alice.agent.session!
    const refresh = { as: `Bearer ${refreshJwt}`, verb: 'POST' }
    const refreshing = call(fixture.server, 'server.refreshSession', refresh)
    expect(await statusAndError(refreshing)).toEqual([401, 'AccountTakedown'])
    const { handle: identifier, password } = alice
    const logIn = call(fixture.server, 'server.createSession', { body: { identifier, password } })
    expect(await statusAndError(logIn)).toEqual([401, 'AccountTakedown'])
    const body = { identifier, password, allowTakendown: true }
    const narrow = await call(fixture.server, 'server.createSession', { body })
    expect(narrow.body).toMatchObject({ active: false, status: 'takendown' })
    const { accessJwt } = narrow.body as { accessJwt: string }
    const writing = call(fixture.server, 'repo.createRecord', {
      body: { repo: alice.did, collection: thing, record: { $type: thing } },
      as: `Bearer ${accessJwt}`,
    })
    expect(await statusAndError(writing)).toEqual([400, 'InvalidToken'])
  })

  it('an account that is taken down can send an appeal', async () => {
    fixture.moderation.service.respond(createReport, { id: 7 })
    const { handle: identifier, password } = alice
    const body = { identifier, password, allowTakendown: true }
    const narrow = await call(fixture.server, 'server.createSession', { body })
    const { accessJwt } = narrow.body as { accessJwt: string }
    const report = await call(fixture.server, 'moderation.createReport', {
      as: `Bearer ${accessJwt}`,
      body: {
        reasonType: 'com.atproto.moderation.defs#reasonAppeal',
        reason: 'It was a joke',
        subject: repoRef(alice),
      },
    })
    expect(report).toMatchObject({ status: 200, body: { id: 7 } })
  })

  it('getSubjectStatus returns the takedown and its ref', async () => {
    const { data } = await fixture.admin.getSubjectStatus({ did: alice.did })
    expect(data).toEqual({
      subject: repoRef(alice),
      takedown: { applied: true, ref: 'case 1' },
      deactivated: off,
    })
  })

  it('an account that is taken down cannot be activated', async () => {
    const subject = repoRef(alice)
    expect(await statusAndError(fixture.moderate({ subject, deactivated: off }))).toEqual([
      400,
      'AccountNotFound',
    ])
    const takedown = { applied: true }
    expect((await fixture.moderate({ subject, takedown, deactivated: off })).status).toBe(400)
  })

  it('an account is as before when its takedown is reversed', async () => {
    expect((await fixture.moderate({ subject: repoRef(alice), takedown: off })).status).toBe(200)
    expect((await call(fixture.server, 'repo.getRecord', read(alice, rkey))).status).toBe(200)
    await expect.poll(() => fixture.eventsOf(alice.did).at(-1)).toBe('#account active')
    await alice.agent.login({ identifier: alice.handle, password: alice.password })
    await add(alice, 'I am back')
  })
})

describe('a record that is taken down', () => {
  it('a record that is taken down is hidden from readers, and the repo still verifies', async () => {
    const bob = await createTestAccount(fixture.server, 'bob')
    const bad = await add(bob, 'bad')
    const good = await add(bob, 'good')
    const subject = { $type: 'com.atproto.repo.strongRef', uri: bad.uri, cid: bad.cid }
    expect((await fixture.moderate({ subject, takedown: { applied: true } })).status).toBe(200)

    const missing = statusAndError(call(fixture.server, 'repo.getRecord', read(bob, bad.rkey)))
    expect(await missing).toEqual([400, 'RecordNotFound'])
    const listing = { repo: bob.did, collection: 'app.bsky.feed.post' }
    const { data } = await bob.agent.com.atproto.repo.listRecords(listing)
    expect(data.records.map(({ uri }) => uri)).toEqual([good.uri])
    const status = await fixture.admin.getSubjectStatus({ uri: bad.uri })
    expect(status.data).toMatchObject({ subject, takedown: { applied: true } })

    const owner = { did: bob.did, key: await fixture.resolver.did.resolveAtprotoKey(bob.did) }
    const repo = await bob.agent.com.atproto.sync.getRepo({ did: bob.did })
    expect((await verifiedRepo(repo.data, owner)).records.size).toBe(2)

    expect((await fixture.moderate({ subject, takedown: off })).status).toBe(200)
    expect((await call(fixture.server, 'repo.getRecord', read(bob, bad.rkey))).status).toBe(200)
  })
})

describe('a blob that is taken down', () => {
  it('a blob that is taken down is neither served nor accepted until the takedown is reversed', async () => {
    const carol = await createTestAccount(fixture.server, 'carol')
    const bytes = Buffer.from('89504e470d0a1a0a0000000d4948445200000001cafe', 'hex')
    const upload = async (): Promise<BlobRef> => {
      const { data } = await carol.agent.com.atproto.repo.uploadBlob(bytes, {
        encoding: 'image/png',
      })
      return data.blob
    }
    const image = await upload()
    const embed = { $type: 'app.bsky.embed.images', images: [{ image, alt: 'a picture' }] }
    await carol.agent.com.atproto.repo.createRecord({
      repo: carol.did,
      collection: 'app.bsky.feed.post',
      record: { ...post('look'), embed },
    })
    const cid = image.ref.toString()
    const get = () => call(fixture.server, 'sync.getBlob', { query: { did: carol.did, cid } })
    expect((await get()).status).toBe(200)

    const subject = { $type: 'com.atproto.admin.defs#repoBlobRef', did: carol.did, cid }
    expect((await fixture.moderate({ subject, takedown: { applied: true } })).status).toBe(200)
    expect((await get()).status).toBe(400)
    await expect(upload()).rejects.toMatchObject({ status: 400 })
    const status = await fixture.admin.getSubjectStatus({ did: carol.did, blob: cid })
    expect(status.data).toMatchObject({ subject, takedown: { applied: true } })

    expect((await fixture.moderate({ subject, takedown: off })).status).toBe(200)
    expect((await get()).status).toBe(200)
  })
})

describe('com.atproto.moderation.createReport', () => {
  it('createReport is proxied to the moderation service with a service token of the account', async () => {
    const dave = await createTestAccount(fixture.server, 'dave')
    const answer = {
      id: 1,
      reasonType: 'com.atproto.moderation.defs#reasonSpam',
      subject: repoRef(dave),
      reportedBy: dave.did,
      createdAt: '2026-01-01T00:00:00Z',
    }
    fixture.moderation.service.respond(createReport, answer)
    const { data } = await dave.agent.com.atproto.moderation.createReport({
      reasonType: 'com.atproto.moderation.defs#reasonSpam',
      subject: repoRef(dave) as never,
    })
    expect(data).toEqual(answer)
    const { path, headers, body } = fixture.moderation.service.requests.at(-1)!
    expect(path).toBe(`/xrpc/${createReport}`)
    expect(JSON.parse(body.toString())).toMatchObject({ subject: { did: dave.did } })
    const token = headers.authorization!.replace('Bearer ', '')
    const claims = await verifyJwt(token, fixture.moderation.did, createReport, (iss) =>
      fixture.resolver.did.resolveAtprotoKey(iss),
    )
    expect(claims.iss).toBe(dave.did)
  })

  it('createReport requires an account', async () => {
    const attempt = call(fixture.server, 'moderation.createReport', { body: {} })
    expect((await attempt).status).toBe(401)
  })
})
