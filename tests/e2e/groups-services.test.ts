/** Groups without a person at the keyboard: an external policy server as an owner, realtime as a member, and the history. */
import { AtpAgent, type AtpSessionData } from '@atproto/api'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { bearer, failed, groupClient, ok } from '#tests/support/group-client.ts'
import { startPolicyServer } from '#tests/support/policy-server.ts'
import { RealtimeClient } from '#tests/support/realtime-client.ts'
import { adminPassword, type TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'

const { server, olga, eddie, vera } = await serverWithAccounts(['olga', 'eddie', 'vera'] as const, {
  env: {
    PDS_BSKY_APP_VIEW_URL: 'http://127.0.0.1:1',
    PDS_BSKY_APP_VIEW_DID: 'did:web:appview.example.com',
  },
})
const { did: aud } = (await olga.agent.com.atproto.server.describeServer()).data
const policy = await startPolicyServer()
afterAll(() => policy[Symbol.asyncDispose]())
const { fetched, tokenFor, ask, actAs } = groupClient(server)
const collection = 'com.example.recipe'
const nsid = 'dev.headwater.realtime'

const create = async (members: object[]) =>
  ok(await ask(olga, 'create', { members }))['did'] as string

/** A call of the policy server: of a method about groups, or with `group` as that group. */
async function call(method: string, input: object, group?: string) {
  const headers = {
    ...bearer(await policy.tokenFor(aud, method)),
    ...(group && { 'act-as': group }),
  }
  return fetched(method, { headers, input })
}

const clients: RealtimeClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

async function connect(
  as: string,
  more: { headers?: Record<string, string>; query?: string } = {},
) {
  const client = new RealtimeClient(server.url, { as: `Bearer ${as}`, ...more })
  clients.push(client)
  await client.next('ready')
  return client
}

/** The group, as the member. */
async function sessionAs(who: TestAccount, account: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: server.url })
  const session = ok(await ask(who, 'createSession', { account })) as never as AtpSessionData
  await agent.resumeSession(session)
  return agent
}

async function changeEmail(account: string, email: string) {
  const headers = { authorization: `Basic ${btoa(`admin:${adminPassword}`)}` }
  ok(await fetched('com.atproto.admin.updateAccountEmail', { headers, input: { account, email } }))
}

describe('an external policy server as an owner', () => {
  it('writes and manages by service tokens only, without a password, an email address or a session', async () => {
    const account = await create([{ did: policy.did, role: 'owner', kind: 'service' }])
    const record = { repo: account, collection, record: { $type: collection, name: 'soup' } }
    const written = ok(await call('com.atproto.repo.createRecord', record, account))
    const headers = {
      ...bearer(await policy.tokenFor(aud, `${nsid}.subscribe`)),
      'act-as': account,
    }
    const client = new RealtimeClient(server.url, { headers, query: 'cursor=0' })
    clients.push(client)
    await client.next('commit', ({ collection: of }) => of === collection)
    // It decides who may write, and is asked for nothing but its key.
    const added = { account, did: eddie.did, role: 'editor', reason: 'passed the policy' }
    ok(await call('dev.headwater.group.addMember', added))
    await client.next('member', ({ member, change }) => member === eddie.did && change === 'added')
    const handle = { handle: 'ruled-cooks.test' }
    ok(await call('com.atproto.identity.updateHandle', handle, account))
    const query = { account, actor: policy.did }
    const { entries } = ok(await ask(olga, 'getAuditLog', undefined, query))
    expect(entries).toMatchObject([
      { action: 'identity changed', target: 'ruled-cooks.test' },
      { action: 'member added', target: eddie.did, reason: 'passed the policy' },
      { action: 'repo.createRecord', rev: (written['commit'] as { rev: string }).rev },
    ])
    const other = await call(
      'com.atproto.repo.createRecord',
      { ...record, repo: olga.did },
      olga.did,
    )
    expect(other).toMatchObject(failed(403, 'NotAMember'))
  })

  it('that is lost or hostile is removed by another owner, and its tokens are worth nothing then', async () => {
    const account = await create([{ did: policy.did, role: 'owner', kind: 'service' }])
    const record = { repo: account, collection, record: { $type: collection, name: 'pie' } }
    ok(await call('com.atproto.repo.createRecord', record, account))
    ok(await ask(olga, 'removeMember', { account, did: policy.did, reason: 'lost' }))
    const late = await call('com.atproto.repo.createRecord', record, account)
    expect(late).toMatchObject(failed(403, 'NotAMember'))
    const back = { account, did: policy.did, role: 'owner' }
    expect(await call('dev.headwater.group.addMember', back)).toMatchObject(
      failed(403, 'NotAMember'),
    )
    const agent = await sessionAs(olga, account)
    await agent.com.atproto.repo.createRecord(record)
    ok(await ask(olga, 'addMember', back))
    ok(await call('com.atproto.repo.createRecord', record, account))
  })
})

describe('realtime as a member of a group', () => {
  it('of each role it receives the kinds that it could read by a query', async () => {
    const account = await create([])
    await changeEmail(account, 'cooks@example.com')
    ok(await ask(olga, 'addMember', { account, did: eddie.did, role: 'viewer' }))
    const { accessJwt } = (await sessionAs(eddie, account)).session!
    const headers = bearer(accessJwt)
    const read = (method: string, query = {}) => fetched(method, { headers, query })
    const isOk = async (method: string, query = {}) => (await read(method, query)).status === 200
    const couldRead: Record<string, () => Promise<boolean> | boolean> = {
      commit: () => isOk('com.atproto.repo.listRecords', { repo: account, collection }),
      preferences: () => isOk('app.bsky.actor.getPreferences'),
      email: async () => (await read('com.atproto.server.getSession')).body['email'] !== undefined,
      member: () => isOk('dev.headwater.group.listMembers', { account }),
      appPassword: () => isOk('com.atproto.server.listAppPasswords'),
      // On pages only, which ask for a password.
      ...Object.fromEntries(
        ['session', 'grant', 'factor', 'security', 'blob', 'moderation'].map((kind) => [
          kind,
          () => false,
        ]),
      ),
    }
    const seen: Record<string, string[]> = {}
    for (const role of ['viewer', 'moderator', 'editor', 'admin']) {
      ok(await ask(olga, 'updateMember', { account, did: eddie.did, role }))
      const kinds = Object.keys(couldRead)
      const mayReceive = await Promise.all(
        kinds.map((kind) => isOk(`${nsid}.listEvents`, { kinds: kind })),
      )
      const mayRead = await Promise.all(kinds.map((kind) => couldRead[kind]!()))
      seen[role] = kinds.filter((_, i) => mayReceive[i])
      expect(seen[role]).toEqual(kinds.filter((_, i) => mayRead[i]))
    }
    expect(seen).toEqual({
      viewer: ['commit', 'member'],
      moderator: ['commit', 'member'],
      editor: ['commit', 'preferences', 'member'],
      admin: ['commit', 'preferences', 'email', 'member'],
    })
  })

  it('receives what its role allows, also after it has changed, and ends with the membership', async () => {
    const account = await create([{ did: eddie.did, role: 'admin' }])
    const member = await sessionAs(eddie, account)
    const accessJwt = member.session!.accessJwt
    const client = await connect(accessJwt)
    const { status, body } = await fetched(`${nsid}.createTicket`, {
      ...{ headers: bearer(accessJwt), input: {} },
    })
    expect(status).toBe(200)
    const byTicket = new RealtimeClient(server.url, { ticket: body['ticket'] as string })
    clients.push(byTicket)
    await byTicket.next('ready')

    await changeEmail(account, 'one@example.com')
    for (const one of [client, byTicket]) await one.next('email')
    ok(await ask(olga, 'updateMember', { account, did: eddie.did, role: 'editor' }))
    for (const one of [client, byTicket]) {
      await one.next('info', ({ name }) => name === 'RoleChanged')
    }
    await changeEmail(account, 'two@example.com')
    ok(await ask(olga, 'addMember', { account, did: vera.did, role: 'viewer' }))
    await client.next('member', ({ member }) => member === vera.did)
    const listed = async (kinds: string) =>
      fetched(`${nsid}.listEvents`, { headers: bearer(accessJwt), query: { kinds } })
    expect((await listed('member')).body['events']).toHaveLength(4)
    expect(await listed('email')).toMatchObject(failed(403, 'ScopeMissing'))
    ok(await ask(olga, 'removeMember', { account, did: eddie.did }))
    for (const one of [client, byTicket]) expect(await one.refusal()).toEqual(['NotAMember', 1008])
    expect(client.messages.filter(({ type }) => type === 'email')).toHaveLength(1)
    const again = new RealtimeClient(server.url, { as: `Bearer ${accessJwt}` })
    clients.push(again)
    expect(await again.refusal()).toEqual(['NotAMember', 1008])
  })

  it('a member is let into the channels of its group as itself, and leaves them when it is removed', async () => {
    const account = await create([{ did: eddie.did, role: 'viewer' }])
    const join = async (who: TestAccount) => {
      const client = await connect(await tokenFor(who, `${nsid}.subscribe`))
      client.send('join', { id: 'c', channel: { did: account, name: 'kitchen' } })
      return client
    }
    const client = await join(eddie)
    await client.next('joined')
    const outsider = await join(vera)
    expect(await outsider.next('refused')).toMatchObject({ id: 'c', error: 'NotAllowed' })
    ok(await ask(olga, 'removeMember', { account, did: eddie.did }))
    expect(await client.next('left')).toMatchObject({ id: 'c', error: 'NotAllowed' })
    expect(client.closeCode).toBeUndefined()
  })
})

describe('the history of a group', () => {
  const history = 'dev.headwater.history'

  it('shows what a member did, gives the repo as it was, and undoes it by commits', async () => {
    const members = [{ did: vera.did, role: 'editor' }]
    const { did } = ok(await ask(eddie, 'create', { handle: 'bakers-guild.test', members }))
    const account = did as string
    const asOwner = { headers: bearer(eddie.agent.session!.accessJwt) }
    const write = (who: TestAccount, group: string, name: string) =>
      actAs(who, group, 'com.atproto.repo.createRecord', {
        input: { repo: group, collection, record: { $type: collection, name } },
      })
    const asked = (name: string, query: object = {}) =>
      fetched(`${history}.${name}`, { ...asOwner, query: { account, ...query } })
    ok(await write(eddie, account, 'stew'))
    const exported = await fetch(`${server.url}/xrpc/com.atproto.sync.getRepo?did=${account}`)
    const car = Buffer.from(await exported.arrayBuffer())
    const { commits } = ok(await asked('listCommits')) as { commits: { rev: string }[] }
    const at = commits[0]!.rev
    for (const name of ['spam', 'more spam']) ok(await write(vera, account, name))
    expect(ok(await asked('listCommits', { actor: vera.did }))['commits']).toHaveLength(2)
    expect(ok(await asked('getDiff', { from: at }))).toMatchObject({
      total: 2,
      changes: [{ action: 'create' }, { action: 'create' }],
    })
    const query = new URLSearchParams({ account, at })
    const then = await fetch(`${server.url}/xrpc/${history}.getRepo?${query}`, asOwner)
    expect(Buffer.compare(Buffer.from(await then.arrayBuffer()), car)).toBe(0)
    const input = { account, at, actor: vera.did }
    const plan = ok(await fetched(`${history}.restoreRepo`, { ...asOwner, input }))
    expect(plan).toMatchObject({ deletes: 2, creates: 0, updates: 0 })
    await expect
      .poll(async () => ok(await asked('getRestore'))['restore'], { timeout: 20_000 })
      .toMatchObject({ left: 0, done: 2 })
    const { data } = await olga.agent.com.atproto.repo.listRecords({ repo: account, collection })
    expect(data.records.map(({ value }) => value['name'])).toEqual(['stew'])
    const token = bearer(await tokenFor(vera, `${history}.listCommits`))
    const byEditor = await fetched(`${history}.listCommits`, { headers: token, query: { account } })
    expect(byEditor).toMatchObject(failed(403, 'Forbidden'))
  })
})
