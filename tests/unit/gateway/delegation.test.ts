/** Grants in the shapes of Tranquil PDS. */
import { ScopePermissions } from '@atproto/oauth-scopes'
import { describe, expect, it } from 'vitest'
import { delegationAuditEntry } from '#src/gateway/group/delegation-audit.ts'
import { presets, roleFor, scopesOf } from '#src/gateway/group/delegation-presets.ts'
import { did, openGateway, outcome, post } from '#tests/support/gateway.ts'

const known = [
  { name: 'likers', scope: 'atproto repo:app.bsky.feed.like', manage: [] },
  { name: 'stewards', scope: 'atproto blob:image/*', manage: ['members'] },
]

describe('scopes of a controller', () => {
  it.each(presets)('the preset $name is the built-in role, in any order', ({ name, scopes }) => {
    const reversed = scopes.split(' ').reverse().join(' ')
    expect(roleFor(reversed, known)).toEqual({ name })
    expect(scopesOf({ name, scope: 'atproto' })).toBe(scopes)
  })

  it('others are a role that the group has, if it manages nothing, or one to be made', () => {
    expect(roleFor('repo:app.bsky.feed.like atproto', known)).toEqual({ name: 'likers' })
    const made = roleFor('blob:image/*', known)
    expect(made).toEqual({
      name: expect.stringMatching(/^scopes-[0-9a-f]{12}$/),
      scope: 'atproto blob:image/*',
    })
    expect(roleFor('blob:image/* atproto', known)).toMatchObject({ name: made.name })
    expect(scopesOf({ name: made.name, scope: made.scope! })).toBe('atproto blob:image/*')
  })

  it('are refused if they are none', () => {
    for (const scopes of ['everything', 'include:com.example.all', 'repo:*?action=eat']) {
      expect(() => roleFor(scopes, known)).toThrow(
        expect.objectContaining({ status: 400, error: 'InvalidScopes' }),
      )
    }
  })
})

describe('an entry of the audit log', () => {
  const account = 'did:plc:group'
  const entry = { id: '7', at: '2026-01-01T00:00:00.000Z', actor: 'did:plc:olga', role: 'owner' }
  const typeOf = (action: string) => delegationAuditEntry(account, { ...entry, action }).actionType

  it('names who was granted something, or who acted', () => {
    const added = { ...entry, action: 'member added', target: 'did:plc:eddie', detail: 'editor' }
    expect(delegationAuditEntry(account, { ...added, ip: '203.0.113.1' })).toEqual({
      ...{ id: '7', delegatedDid: account, actorDid: 'did:plc:olga', actionType: 'GrantCreated' },
      ...{ controllerDid: 'did:plc:eddie', createdAt: entry.at },
      actionDetails: {
        ...{ action: 'member added', target: 'did:plc:eddie', detail: 'editor', role: 'owner' },
      },
    })
    const wrote = { ...entry, action: 'repo.createRecord', target: 'app.bsky.feed.post/1' }
    expect(delegationAuditEntry(account, wrote)).toMatchObject({
      ...{ controllerDid: 'did:plc:olga', actionType: 'RepoWrite' },
    })
    expect(delegationAuditEntry(account, { ...wrote, actor: account }).controllerDid).toBeNull()
  })

  it.each([
    ['group created', 'GrantCreated'],
    ['member left', 'GrantRevoked'],
    ['member changed', 'ScopesModified'],
    ['role added', 'ScopesModified'],
    ['session created', 'TokenIssued'],
    ['app password created', 'TokenIssued'],
    ['blob.add', 'BlobUpload'],
    ['preferences.put', 'AccountAction'],
  ])('%s is %s', (action, type) => {
    expect(typeOf(action)).toBe(type)
  })
})

describe('a controller that is added to an ordinary account', () => {
  const [owner] = presets
  const olga = 'did:plc:olgaownerolgaownerolgaow'
  const scopeOf = (name: string) => `rpc:dev.headwater.group.${name}?aud=did:web:localhost%23group`

  function open({ scopes, groups = [] }: { scopes?: string; groups?: object[] } = {}) {
    const caller = {
      ...{ did, scope: scopes === undefined ? 'com.atproto.access' : 'oauth', clientId: 'an app' },
      ...(scopes !== undefined && { scopes, permissions: new ScopePermissions(scopes) }),
    }
    const actors = {
      account: {
        group: {
          convert: () => undefined,
          addMember: () => undefined,
          listRoles: () => ({ roles: [] }),
          putRole: () => ({}),
        },
      },
      directory: { memberships: { isGroup: () => false, list: () => ({ groups }) } },
    }
    const { server, calls } = openGateway(actors)
    const resolve = async (id: string) => ({ id })
    const opened = openGateway(actors, {
      authenticate: async () => caller as never,
      server: { ...server, resolver: { resolve, refresh: resolve } },
    })
    return { ...opened, calls }
  }
  const add = (gateway: ReturnType<typeof open>, scopes: string = owner.scopes) =>
    outcome(
      post(gateway, '_delegation.addController', { controller_did: olga, granted_scopes: scopes }),
    )
  const changes = ({ calls }: ReturnType<typeof open>) =>
    calls.map(([name]) => name).filter((name) => /convert|putRole|addMember/.test(name))

  it('makes it a group', async () => {
    const gateway = open()
    expect((await add(gateway)).status).toBe(200)
    expect(changes(gateway)).toEqual(['group.convert'])
  })

  it('does not make a group of a member of a group', async () => {
    const gateway = open({ groups: [{ did: 'did:plc:group' }] })
    expect(await add(gateway)).toMatchObject({ status: 400, error: 'InvalidDelegation' })
    expect(changes(gateway)).toEqual([])
  })

  it.each([
    ['group.convert', owner.scopes, 'convert'],
    ['group.putRole', 'atproto blob:image/*', 'putRole'],
  ])('needs the scope of %s too, of an app', async (action, granted, name) => {
    const lacking = open({ scopes: `atproto ${scopeOf('addMember')}` })
    const missing = { status: 403, error: 'ScopeMissingError' }
    expect(await add(lacking, granted)).toMatchObject(missing)
    expect(changes(lacking)).toEqual([])
    const allowed = open({ scopes: `atproto ${scopeOf('addMember')} ${scopeOf(name)}` })
    expect((await add(allowed, granted)).status).toBe(200)
    expect(changes(allowed)[0]).toBe(action)
  })
})
