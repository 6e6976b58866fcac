/** Apps to which a member has signed in as a group, as the gateway sees them. */
import { describe, expect, it } from 'vitest'
import { did, get, outcome, post } from '#tests/support/gateway.ts'
import {
  createRecord,
  type Group,
  input,
  member,
  memberSession,
  openGroup,
  serviceDid,
} from '#tests/support/group-gateway.ts'

describe('an app to which a member has signed in as the group', () => {
  const app = { authorization: 'DPoP a-token' }
  const getServiceAuth = `com.atproto.server.getServiceAuth?aud=${serviceDid}&lxm=`

  it('writes in the name of the member', async () => {
    const gateway = openGroup({ tokenScope: 'atproto repo:*' })
    expect((await post(gateway, createRecord, input, app)).status).toBe(200)
    const [, call] = gateway.calls.find(([name]) => name === 'repo.createRecord')!
    expect(call).toMatchObject({ byMember: { did: member, role: 'editor', client: 'an app' } })
  })

  it('is refused what its token or the role lacks, and act-as', async () => {
    const write = (group: Group, more = {}) =>
      outcome(post(openGroup(group), createRecord, input, { ...app, ...more }))
    const missing = { status: 403, error: 'ScopeMissingError' }
    expect(await write({ tokenScope: 'atproto' })).toMatchObject(missing)
    expect(await write({ tokenScope: 'atproto repo:*', role: 'viewer' })).toMatchObject(missing)
    const other = await write({ tokenScope: 'atproto repo:*' }, { 'act-as': did })
    expect(other.status).toBe(401)
  })

  it('calls methods about groups as the member, with a scope for each, and for this group only', async () => {
    const remove = 'dev.headwater.group.removeMember'
    const tokenScope = `atproto rpc:${remove}?aud=${serviceDid}%23group`
    const body = { account: did, did: 'did:plc:other' }
    const gateway = openGroup({ tokenScope })
    expect((await post(gateway, remove, body, app)).status).toBe(200)
    const [, call] = gateway.calls.find(([name]) => name === 'group.removeMember')!
    expect(call).toMatchObject({ by: { did: member, client: 'an app' } })
    const generic = openGroup({ tokenScope: 'atproto transition:generic', role: 'owner' })
    expect((await post(generic, remove, body, app)).status).toBe(403)
  })

  it('restores only where it may also write', async () => {
    const restore = (name: string, tokenScope: string, body: object) => {
      const nsid = `dev.headwater.history.${name}`
      const scope = `atproto rpc:${nsid}?aud=${serviceDid}%23group ${tokenScope}`
      const gateway = openGroup({ tokenScope: scope, role: 'owner' })
      return outcome(
        post(gateway, nsid, { account: did, at: '2026-01-01T00:00:00Z', ...body }, app),
      )
    }
    const uris = [`at://${did}/com.example.thing/one`]
    const missing = { status: 403, error: 'ScopeMissingError' }
    expect(await restore('restoreRecords', '', { uris })).toMatchObject(missing)
    const creating = 'repo:com.example.thing?action=create'
    expect(await restore('restoreRecords', creating, { uris })).toMatchObject(missing)
    const writing = 'repo:com.example.thing'
    expect((await restore('restoreRecords', writing, { uris })).status).toBe(200)
    expect(await restore('restoreRepo', writing, {})).toMatchObject(missing)
    const collections = ['com.example.thing']
    expect((await restore('restoreRepo', writing, { collections })).status).toBe(200)
    expect((await restore('restoreRepo', 'repo:*', {})).status).toBe(200)
  })

  it.each(['dev.headwater.group.create', '_delegation.createDelegatedAccount'])(
    'does not create a group of the member by %s',
    async (nsid) => {
      const tokenScope = `atproto rpc:dev.headwater.group.create?aud=${serviceDid}%23group`
      const body = { handle: 'another.test' }
      for (const headers of [app, memberSession()]) {
        const gateway = openGroup({ tokenScope, role: 'owner', ownStatus: 'active' })
        const refused = await outcome(post(gateway, nsid, body, headers))
        expect(refused).toMatchObject({ status: 403, error: 'Forbidden' })
      }
    },
  )

  it('gets service tokens for this server that are good for reading only', async () => {
    const tokenScope = `atproto rpc:*?aud=${serviceDid}%23group rpc:com.example.do?aud=*`
    const gateway = openGroup({ tokenScope, role: 'owner' })
    const response = await get(gateway, `${getServiceAuth}com.example.do`, app)
    expect(response.status).toBe(200)
    const [, call] = gateway.calls.find(([name]) => name === 'service.getServiceAuth')!
    expect(call).toMatchObject({ isLimited: true })
  })
})
