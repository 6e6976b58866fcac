/** Members that act as a group, as the gateway sees them. */
import { describe, expect, it } from 'vitest'
import { asAccount, did, get, outcome, post } from '#tests/support/gateway.ts'
import {
  actAs,
  createRecord,
  type Group,
  input,
  member,
  memberSession,
  openGroup,
  serviceToken,
} from '#tests/support/group-gateway.ts'

describe('act-as with a service token', () => {
  it('calls the account in the name of the member, with its role, its address and its reason', async () => {
    const gateway = openGroup()
    const headers = { ...actAs(createRecord), 'x-audit-log-reason': 'it%27s%20new' }
    expect((await post(gateway, createRecord, input, headers)).status).toBe(200)
    const [, call] = gateway.calls.find(([name]) => name === 'repo.createRecord')!
    expect(call).toMatchObject({
      collection: 'com.example.thing',
      byMember: {
        ...{ did: member, role: 'editor', revision: 0, client: 'service token' },
        ...{ reason: "it's new", call: expect.any(String) },
      },
    })
  })

  it('is refused if the role does not allow the call, or there is no role', async () => {
    const write = (group: Group) =>
      outcome(post(openGroup(group), createRecord, input, actAs(createRecord)))
    expect(await write({ role: 'viewer' })).toMatchObject({
      status: 403,
      error: 'ScopeMissingError',
    })
    expect(await write({ isKnown: false, isAwake: false })).toMatchObject({
      ...{ status: 403, error: 'NotAMember' },
    })
  })

  it('is refused to a member whose own account was taken down, and to its sessions', async () => {
    const write = async (ownStatus: string, headers: Record<string, string>) =>
      (await post(openGroup({ ownStatus }), createRecord, input, headers)).status
    for (const headers of [actAs(createRecord), memberSession()]) {
      expect(await write('active', headers)).toBe(200)
      expect(await write('takendown', headers)).toBe(403)
      expect(await write('deleted', headers)).toBe(403)
    }
  })

  it('is refused to a member whose own account here was deleted, and forgotten by the directory', async () => {
    const write = async (ownServer: string, headers: Record<string, string>) =>
      (await post(openGroup({ ownServer }), createRecord, input, headers)).status
    for (const headers of [actAs(createRecord), memberSession()]) {
      expect(await write('https://other.example', headers)).toBe(200)
      expect(await write('http://localhost:2583/', headers)).toBe(403)
    }
  })

  it('does not wake a group for who is no member', async () => {
    const gateway = openGroup({ isKnown: false, isAwake: false })
    await post(gateway, createRecord, input, actAs(createRecord))
    expect(gateway.asked).toEqual([])
  })

  it.each([
    ['a session', { ...asAccount(member), 'act-as': did }, 401, 'AuthenticationRequired'],
    ['no credentials', { 'act-as': did }, 401, 'AuthenticationRequired'],
    ['a handle', actAs(createRecord, 'alice.test'), 400, 'InvalidRequest'],
    ['a token for another method', actAs('com.atproto.repo.putRecord'), 401, 'BadJwtLexiconMethod'],
  ])('is refused with %s', async (_, headers, status, error) => {
    const answer = await outcome(post(openGroup(), createRecord, input, headers))
    expect(answer).toMatchObject({ status, error })
  })

  it('is refused with a token that an app password or an app has got', async () => {
    const limited = serviceToken(createRecord, { amr: ['app'] })
    const headers = { authorization: `Bearer ${limited}`, 'act-as': did }
    const answer = await outcome(post(openGroup(), createRecord, input, headers))
    expect(answer).toMatchObject({ status: 403, error: 'Forbidden' })
    const list = 'dev.headwater.group.listMembers'
    const reading = { authorization: `Bearer ${serviceToken(list, { amr: ['app'] })}` }
    expect((await get(openGroup(), `${list}?account=${did}`, reading)).status).toBe(200)
  })

  it('does not make a method available that apps may not call', async () => {
    const nsid = 'com.atproto.server.createAppPassword'
    const answer = await outcome(
      post(openGroup({ role: 'owner' }), nsid, { name: 'x' }, actAs(nsid)),
    )
    expect(answer).toMatchObject({ status: 403, error: 'Forbidden' })
  })

  it('leaves reads alone whose input is no object', async () => {
    const nsid = 'com.atproto.sync.getLatestCommit'
    const gateway = openGroup()
    const response = await get(gateway, `${nsid}?did=${did}`, actAs(nsid))
    expect(response.status).toBe(200)
  })
})

describe('the session of a member', () => {
  it('is asked of the group at each request', async () => {
    const gateway = openGroup()
    for (let i = 0; i < 2; i++) {
      expect((await post(gateway, createRecord, input, memberSession())).status).toBe(200)
    }
    expect(gateway.asked).toEqual([
      { member, session: 's1' },
      { member, session: 's1' },
    ])
    const [, call] = gateway.calls.find(([name]) => name === 'repo.createRecord')!
    expect(call).toMatchObject({ byMember: { did: member, client: 'session' } })
  })

  it('is no session of the account itself', async () => {
    const gateway = openGroup({ role: 'owner' })
    const nsid = 'com.atproto.server.requestAccountDelete'
    const answer = await outcome(post(gateway, nsid, {}, memberSession()))
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  it('of an app password is not enough for what app passwords may not do', async () => {
    const nsid = 'com.atproto.server.deactivateAccount'
    const gateway = openGroup({ role: 'owner' })
    const byPassword = await outcome(post(gateway, nsid, {}, memberSession({ apw: 'phone' })))
    expect(byPassword).toMatchObject({ status: 400, error: 'InvalidToken' })
    expect((await post(gateway, nsid, {}, memberSession())).status).toBe(200)
  })

  it.each([
    ['without a member', { act: undefined }],
    ['of the account with a member', { scope: 'com.atproto.access' }],
  ])('a token %s is malformed', async (_, claims) => {
    const answer = await outcome(post(openGroup(), createRecord, input, memberSession(claims)))
    expect(answer).toMatchObject({ status: 400, error: 'InvalidToken' })
  })
})

describe('methods about groups', () => {
  const remove = 'dev.headwater.group.removeMember'
  const body = { account: did, did: 'did:plc:other', reason: 'spam' }
  const byOf = (gateway: ReturnType<typeof openGroup>) =>
    (gateway.calls.find(([name]) => name === 'group.removeMember')?.[1] as { by: object })?.by

  it.each([
    ['a service token', { authorization: `Bearer ${serviceToken(remove)}` }, 'service token'],
    ['a session of the member', asAccount(member), 'session'],
    ['act-as', actAs(remove), 'service token'],
    ['the session of the member as the group', memberSession(), 'session'],
  ])('know the member by %s', async (_, headers, client) => {
    const gateway = openGroup()
    expect((await post(gateway, remove, body, headers)).status).toBe(200)
    expect(byOf(gateway)).toMatchObject({ did: member, client, reason: 'spam' })
  })

  it('are for the group itself only if it has signed in', async () => {
    const asked = async (headers: Record<string, string>) => {
      const gateway = openGroup()
      const { status } = await post(gateway, remove, body, headers)
      return [status, byOf(gateway) !== undefined]
    }
    expect(await asked(asAccount(did))).toEqual([200, true])
    const own = serviceToken(remove, { iss: did })
    expect(await asked({ authorization: `Bearer ${own}` })).toEqual([403, false])
    const appPassword = asAccount(did, { scope: 'com.atproto.appPassPrivileged' })
    expect(await asked(appPassword)).toEqual([400, false])
  })

  it('are refused to app passwords if they change something, and to groups that are not here', async () => {
    const appPassword = asAccount(member, { scope: 'com.atproto.appPass' })
    const changed = await outcome(post(openGroup(), remove, body, appPassword))
    expect(changed).toMatchObject({ status: 400, error: 'InvalidToken' })
    const list = `dev.headwater.group.listMembers?account=${did}`
    expect((await get(openGroup(), list, appPassword)).status).toBe(200)
    const ofMember = memberSession({ apw: 'phone' })
    const asMember = await outcome(post(openGroup(), remove, body, ofMember))
    expect(asMember).toMatchObject({ status: 400, error: 'InvalidToken' })
    expect((await get(openGroup(), list, ofMember)).status).toBe(200)
    const elsewhere = { ...body, account: 'did:plc:elsewhere' }
    const unknown = await outcome(post(openGroup(), remove, elsewhere, asAccount(member)))
    expect(unknown).toMatchObject({ status: 400, error: 'NotFound' })
  })

  it('are refused with act-as for another group', async () => {
    const other = { ...body, account: did }
    const gateway = openGroup()
    const headers = memberSession({ sub: 'did:plc:another' })
    const answer = await outcome(post(gateway, remove, other, headers))
    expect(answer.status).toBe(403)
  })
})

describe('dev.headwater.group.list', () => {
  const list = 'dev.headwater.group.list'

  it.each([
    ['act-as', actAs(list)],
    ['a session as the group', memberSession()],
  ])('group.list by a member with %s has only that group', async (_, headers) => {
    const gateway = openGroup()
    expect((await get(gateway, list, headers)).status).toBe(200)
    expect(gateway.listed).toEqual([{ member, account: did, limit: 50 }])
  })

  it('group.list by a member itself has all of its groups', async () => {
    const gateway = openGroup()
    const headers = { authorization: `Bearer ${serviceToken(list)}` }
    expect((await get(gateway, list, headers)).status).toBe(200)
    expect(gateway.listed).toEqual([{ member, limit: 50 }])
  })
})
