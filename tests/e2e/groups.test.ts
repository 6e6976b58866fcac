/** Group accounts: created, joined, written to by their members with clients that do not know groups, and left. */
import { Agent } from 'node:http'
import { AtpAgent } from '@atproto/api'
import { describe, expect, it } from 'vitest'
import { bearer, failed, groupClient, ok } from '#tests/support/group-client.ts'
import type { TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'

const names = ['olga', 'eddie', 'vera', 'gus', 'bakery'] as const
const { server, olga, eddie, vera, gus, bakery } = await serverWithAccounts(names)
const serverDid = (await olga.agent.com.atproto.server.describeServer()).data.did
const collection = 'com.example.recipe'
const recipe = (name: string) => ({ $type: collection, name })

const { fetched, tokenFor, ask, actAs } = groupClient(server)

const write = (who: TestAccount, group: string, name: string) =>
  actAs(who, group, 'com.atproto.repo.createRecord', {
    input: { repo: group, collection, record: recipe(name) },
  })

const created = ok(
  await ask(olga, 'create', {
    handle: 'cooks.test',
    members: [{ did: vera.did, role: 'viewer' }],
    records: [
      { collection: 'app.bsky.actor.profile', rkey: 'self', value: { displayName: 'The Cooks' } },
      { collection, value: recipe('first') },
    ],
  }),
)
const cooks = created['did'] as string

async function auditOf(query: object = {}): Promise<Record<string, string>[]> {
  const { entries } = ok(await ask(olga, 'getAuditLog', undefined, { account: cooks, ...query }))
  return entries as Record<string, string>[]
}

describe('a group that is created', () => {
  it('has its members and its records, and no password', async () => {
    expect(created).toEqual({ did: cooks, handle: 'cooks.test' })
    const { data } = await gus.agent.com.atproto.repo.listRecords({ repo: cooks, collection })
    expect(data.records.map(({ value }) => value)).toEqual([recipe('first')])
    const profile = { repo: cooks, collection: 'app.bsky.actor.profile', rkey: 'self' }
    expect((await gus.agent.com.atproto.repo.getRecord(profile)).data.value).toMatchObject({
      displayName: 'The Cooks',
    })
    expect(ok(await ask(vera, 'list'))).toEqual({
      groups: [{ did: cooks, handle: 'cooks.test', status: 'active', role: 'viewer' }],
    })
    expect(ok(await ask(olga, 'getMe', undefined, { account: 'cooks.test' }))).toMatchObject({
      did: cooks,
      role: 'owner',
    })
    const log = await auditOf()
    expect(log.map(({ action }) => action)).toEqual(['member added', 'group created'])
  })

  it('is refused if a record or a role is invalid, and then there is no account', async () => {
    const input = { handle: 'bakers.test' }
    const records = [{ collection: 'app.bsky.feed.post', value: { text: 1 } }]
    expect(await ask(gus, 'create', { ...input, records })).toMatchObject({ status: 400 })
    const roles = [{ name: 'x', scope: 'include:com.example.all', manage: [] }]
    expect(await ask(gus, 'create', { ...input, roles })).toMatchObject(failed(400, 'InvalidScope'))
    const members = [{ did: cooks, role: 'viewer' }]
    const nested = await ask(gus, 'create', { ...input, members })
    expect(nested).toMatchObject(failed(400, 'NotAPrincipal'))
    expect(await ask(gus, 'create', { handle: 'cooks.test' })).toMatchObject(
      failed(400, 'HandleNotAvailable'),
    )
    const found = gus.agent.com.atproto.identity.resolveHandle({ handle: 'bakers.test' })
    await expect(found).rejects.toMatchObject({ status: 400 })
  })
})

describe('joining', () => {
  it('an invitation makes a member, which writes as the group at once', async () => {
    const { token } = ok(
      await ask(olga, 'createInvite', { account: cooks, role: 'editor', uses: 1 }),
    ) as { token: string }
    const accepted = ok(await ask(eddie, 'acceptInvite', { account: cooks, token }))
    expect(accepted).toEqual({ status: 'joined', role: 'editor' })
    const { uri, commit } = ok(await write(eddie, cooks, 'soup')) as never as {
      uri: string
      commit: { rev: string }
    }
    expect(uri).toContain(`at://${cooks}/${collection}/`)
    expect(await auditOf({ rev: commit.rev })).toMatchObject([
      { actor: eddie.did, role: 'editor', action: 'repo.createRecord', client: 'service token' },
    ])
    const again = await ask(gus, 'acceptInvite', { account: cooks, token })
    expect(again).toMatchObject(failed(400, 'InviteUsed'))
  })

  it('a link with approval makes a request', async () => {
    const invite = { account: cooks, role: 'viewer', approval: true }
    const { token } = ok(await ask(olga, 'createInvite', invite)) as { token: string }
    ok(await ask(gus, 'acceptInvite', { account: cooks, token, text: 'I bake' }))
    expect(await ask(gus, 'getMe', undefined, { account: cooks })).toMatchObject(
      failed(403, 'NotAMember'),
    )
    const { requests } = ok(await ask(olga, 'listJoinRequests', undefined, { account: cooks }))
    expect(requests).toMatchObject([{ did: gus.did, text: 'I bake' }])
    ok(await ask(olga, 'resolveJoinRequest', { account: cooks, did: gus.did, accept: true }))
    expect(ok(await ask(gus, 'getMe', undefined, { account: cooks }))).toMatchObject({
      role: 'viewer',
    })
    ok(await ask(gus, 'leave', { account: cooks }))
  })
})

describe('acting as a group', () => {
  it('a service token alone is for the own account, and act-as demands one', async () => {
    const nsid = 'com.atproto.repo.createRecord'
    const input = { repo: cooks, collection, record: recipe('stolen') }
    const own = await fetched(nsid, { headers: bearer(await tokenFor(eddie, nsid)), input })
    expect(own.status).toBeGreaterThanOrEqual(400)
    const session = { ...bearer(eddie.agent.session!.accessJwt), 'act-as': cooks }
    expect(await fetched(nsid, { headers: session, input })).toMatchObject({ status: 401 })
    expect(await write(gus, cooks, 'stolen')).toMatchObject(failed(403, 'NotAMember'))
    expect(await write(eddie, olga.did, 'stolen')).toMatchObject(failed(403, 'NotAMember'))
    const other = await actAs(eddie, cooks, nsid, { input: { ...input, repo: eddie.did } })
    expect(other).toMatchObject({ status: 401 })
  })

  it('the role decides what a member may do', async () => {
    expect(await write(vera, cooks, 'tea')).toMatchObject(failed(403, 'ScopeMissingError'))
    const nsid = 'com.atproto.server.deactivateAccount'
    const refused = await actAs(eddie, cooks, 'com.atproto.repo.importRepo', { input: {} })
    expect(refused.status).toBe(403)
    expect((await actAs(vera, cooks, 'com.atproto.repo.listMissingBlobs', {})).status).toBe(200)
    // No service token is issued for this method.
    await expect(tokenFor(eddie, nsid)).rejects.toMatchObject({ status: 400 })
  })

  it('a session as the group works with @atproto/api, and the role counts at each request', async () => {
    const session = ok(await ask(eddie, 'createSession', { account: cooks })) as never as {
      accessJwt: string
      refreshJwt: string
      handle: string
    }
    expect(session).toMatchObject({ did: cooks, role: 'editor', act: { sub: eddie.did } })
    const agent = new AtpAgent({ service: server.url })
    await agent.resumeSession({ ...session, did: cooks, active: true })
    const post = await agent.com.atproto.repo.createRecord({
      ...{ repo: cooks, collection, record: recipe('salad') },
    })
    const rev = post.data.commit!.rev
    expect(await auditOf({ rev })).toMatchObject([{ actor: eddie.did, client: 'session' }])
    const { data: upload } = await agent.com.atproto.repo.uploadBlob(Uint8Array.of(1, 2, 3), {
      encoding: 'image/png',
    })
    const [uploaded] = await auditOf({ action: 'blob.add' })
    expect(uploaded).toMatchObject({ actor: eddie.did, target: upload.blob.ref.toString() })
    const handle = agent.com.atproto.identity.updateHandle({ handle: 'chefs.test' })
    await expect(handle).rejects.toMatchObject({ status: 403, error: 'ScopeMissingError' })
    const password = agent.com.atproto.server.createAppPassword({ name: 'mine' })
    await expect(password).rejects.toMatchObject({ status: 403 })

    const updated = { account: cooks, did: eddie.did, role: 'viewer' }
    ok(await ask(olga, 'updateMember', updated))
    const demoted = agent.com.atproto.repo.createRecord({
      ...{ repo: cooks, collection, record: recipe('late') },
    })
    await expect(demoted).rejects.toMatchObject({ status: 403, error: 'ScopeMissingError' })
    ok(await ask(olga, 'updateMember', { ...updated, role: 'editor' }))
    await agent.sessionManager.refreshSession()
    await agent.com.atproto.repo.createRecord({ repo: cooks, collection, record: recipe('pie') })
    await agent.logout()
  })

  it('a member may not make itself more by a service token in the name of the group', async () => {
    const session = ok(await ask(eddie, 'createSession', { account: cooks }))
    const lxm = 'dev.headwater.group.updateMember'
    const query = { aud: serverDid, lxm }
    const headers = bearer(session['accessJwt'] as string)
    const issued = await fetched('com.atproto.server.getServiceAuth', { headers, query })
    const { token } = ok(issued) as { token: string }
    const input = { account: cooks, did: eddie.did, role: 'owner' }
    const raised = await fetched(lxm, { headers: bearer(token), input })
    expect(raised).toMatchObject(failed(403, 'Forbidden'))
    expect(await auditOf({ action: 'service.getServiceAuth' })).toMatchObject([
      { actor: eddie.did, target: lxm },
    ])
  })

  it('an owner changes the handle of the group', async () => {
    const session = ok(await ask(olga, 'createSession', { account: cooks }))
    const headers = bearer(session['accessJwt'] as string)
    const input = { handle: 'chefs.test' }
    ok(await fetched('com.atproto.identity.updateHandle', { headers, input }))
    expect(await auditOf({ action: 'identity changed' })).toMatchObject([
      { actor: olga.did, target: 'chefs.test' },
    ])
  })
})

describe('the end of a membership', () => {
  it('counts between two requests of one connection', async () => {
    ok(await ask(olga, 'addMember', { account: cooks, did: gus.did, role: 'editor' }))
    const { accessJwt } = ok(await ask(gus, 'createSession', { account: cooks }))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { request } = await import('node:http')
    const body = JSON.stringify({ repo: cooks, collection, record: recipe('bread') })
    const sockets = new Set<unknown>()
    const send = () =>
      new Promise<number>((resolve, reject) => {
        const sent = request(
          `${server.url}/xrpc/com.atproto.repo.createRecord`,
          {
            ...{ agent, method: 'POST' },
            headers: { ...bearer(accessJwt as string), 'content-type': 'application/json' },
          },
          (response) => {
            response.resume().on('end', () => resolve(response.statusCode ?? 0))
          },
        )
        sent.on('socket', (socket) => sockets.add(socket)).on('error', reject)
        sent.end(body)
      })
    expect(await send()).toBe(200)
    ok(await ask(olga, 'removeMember', { account: cooks, did: gus.did, reason: 'moved on' }))
    expect(await send()).toBe(403)
    expect(sockets.size).toBe(1)
    agent.destroy()
    expect(await write(gus, cooks, 'again')).toMatchObject(failed(403, 'NotAMember'))
    const [row] = await auditOf({ action: 'member removed' })
    expect(row).toMatchObject({ actor: olga.did, target: gus.did, reason: 'moved on' })
  })

  it('is refused to the last owner, until another one has accepted', async () => {
    expect(await ask(olga, 'leave', { account: cooks })).toMatchObject(failed(400, 'LastOwner'))
    const early = await ask(eddie, 'acceptOwnership', { account: cooks })
    expect(early).toMatchObject(failed(400, 'TransferExpired'))
    ok(await ask(olga, 'offerOwnership', { account: cooks, to: eddie.did }))
    ok(await ask(eddie, 'acceptOwnership', { account: cooks }))
    expect(await ask(eddie, 'acceptOwnership', { account: cooks })).toMatchObject(
      failed(400, 'TransferExpired'),
    )
    const exported = ok(await ask(eddie, 'export', undefined, { account: cooks }))
    expect(exported['members']).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ did: olga.did, role: 'admin' })]),
    )
    ok(await ask(olga, 'leave', { account: cooks }))
    expect(ok(await ask(olga, 'list'))).toEqual({ groups: [] })
  })
})

describe('an account that becomes a group', () => {
  it('has an owner, and only the account itself can make it one', async () => {
    const nsid = 'dev.headwater.group.convert'
    const token = await tokenFor(bakery, nsid)
    const byToken = await fetched(nsid, { headers: bearer(token), input: { owner: vera.did } })
    expect(byToken).toMatchObject({ status: 403 })
    expect(await ask(bakery, 'convert', { owner: cooks })).toMatchObject(
      failed(400, 'NotAPrincipal'),
    )
    ok(await ask(bakery, 'convert', { owner: vera.did }))
    const again = await ask(bakery, 'convert', { owner: vera.did })
    expect(again).toMatchObject(failed(400, 'GroupExists'))
    ok(await write(vera, bakery.did, 'soap'))
    // It may still sign in by itself, and manage its members.
    ok(await ask(bakery, 'addMember', { account: bakery.did, did: gus.did, role: 'viewer' }))
    const { groups } = ok(await ask(vera, 'list')) as { groups: { did: string }[] }
    expect(groups.map(({ did }) => did).sort()).toEqual([cooks, bakery.did].sort())
  })

  it('cannot be a member of a group, or own more groups than it may', async () => {
    const added = await ask(eddie, 'addMember', { account: cooks, did: bakery.did, role: 'viewer' })
    expect(added).toMatchObject(failed(400, 'NotAPrincipal'))
    const member = await ask(vera, 'convert', { owner: eddie.did })
    expect(member).toMatchObject(failed(400, 'NotAPrincipal'))
    expect(await ask(bakery, 'create', {})).toMatchObject(failed(400, 'NotAPrincipal'))
  })
})
