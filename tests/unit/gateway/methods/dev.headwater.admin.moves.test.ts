/** The operator's methods about accounts of other servers, over a directory. */
import { describe, expect, it } from 'vitest'
import { directoryActions } from '#actors/actions/directory.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { asAdmin, did, get, openGateway, post } from '#tests/support/gateway.ts'
import { withTenant } from '#tests/support/tenant-directory.ts'
import { confirmation, newKey } from '#tests/support/test-directory.ts'

const method = (name: string) => `dev.headwater.admin.${name}`
const server = 'https://old.example'
const amy = { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', handle: 'amy.old.example' }
const ben = { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', handle: 'ben.example' }

async function open() {
  const directory = await withTenant()
  const bound = (actions: object) =>
    Object.fromEntries(
      Object.entries(actions as Record<string, (...args: unknown[]) => unknown>).map(
        ([name, run]) => [name, async (input: unknown) => run(directory, input)],
      ),
    )
  const { moveInvites, tenants } = directoryActions
  const actions = { moveInvites: bound(moveInvites), tenants: bound(tenants) }
  const audit: object[] = []
  const gateway = openGateway({
    account: { migration: { find: () => null } },
    directory: actions as never,
    tenant: { audit: { add: (row: object) => audit.push(row) } },
  })
  const call = async (name: string, input: object, headers = asAdmin()) => {
    const response = await post(gateway, method(name), input, headers)
    const text = await response.text()
    return text === '' ? {} : JSON.parse(text)
  }
  const list = async (query = '') =>
    (await get(gateway, `${method('listMoveInvites')}${query}`, asAdmin())).json() as Promise<{
      counts?: object
      cursor?: string
      invites: Record<string, string>[]
    }>
  return { directory, gateway, audit, call, list }
}

describe('invitations to move here', () => {
  it('are made, listed in pages, mailed and withdrawn', async () => {
    const { gateway, call, list } = await open()
    const accounts = [
      { ...amy, email: 'amy@example.com' },
      { ...ben, keepsHandle: true },
    ]
    const { invites } = await call('createMoveInvites', { server: `${server}/`, accounts })
    expect(invites).toMatchObject([
      { ...amy, server, state: 'invited', email: 'amy@example.com' },
      { ...ben, server, state: 'invited' },
    ])
    const page = await list('?limit=1')
    expect(page).toMatchObject({ counts: { invited: 2, moving: 0, done: 0 }, cursor: amy.did })
    const next = await list(`?limit=1&cursor=${page.cursor}`)
    expect([next.counts, next.invites[0]!['did']]).toEqual([undefined, ben.did])
    const sent = await call('sendMoveInvite', { did: amy.did })
    expect(sent).toMatchObject({ ...amy, mailedAt: expect.any(String) })
    expect(gateway.sent).toMatchObject([{ to: 'amy@example.com' }])
    expect(gateway.sent[0]!.text).toContain(invites[0].url)
    await call('deleteMoveInvites', { dids: [amy.did] })
    expect((await list()).invites.map(({ did }) => did)).toEqual([ben.did])
  })

  it('a mail needs an invitation with an address, whose move has not begun', async () => {
    const { directory, gateway, call, list } = await open()
    expect(await call('sendMoveInvite', { did: amy.did })).toMatchObject({
      error: 'InviteNotFound',
    })
    const { invites } = await call('createMoveInvites', {
      server,
      accounts: [amy, { ...ben, email: 'ben@example.com' }],
    })
    expect(await call('sendMoveInvite', { did: amy.did })).toMatchObject({
      error: 'NoEmailAddress',
    })
    const inviteCode = new URL(invites[1].url).searchParams.get('invite')!
    const names = { handle: 'ben.test', email: 'ben@example.com', isMigratingIn: true }
    await reserveAccount(directory, { did: ben.did, ...names, ...newKey, inviteCode })
    await confirmAccount(directory, { did: ben.did, ...confirmation })
    expect(await call('sendMoveInvite', { did: ben.did })).toMatchObject({ error: 'AlreadyMoved' })
    expect(gateway.sent).toEqual([])
    expect(await list('?state=moving')).toMatchObject({ invites: [{ ...ben, state: 'failed' }] })
  })

  it('those of a tenant have its codes, and are in its audit log', async () => {
    const { audit, call } = await open()
    const { invites } = await call('createMoveInvites', {
      server,
      tenant: 'roomy',
      accounts: [amy],
    })
    expect(invites[0].url).toMatch(/invite=roomy_/)
    expect(audit).toMatchObject([{ action: 'createMoveInvites', target: 'roomy' }])
    const unknown = { server, tenant: 'nobody', accounts: [amy] }
    expect(await call('createMoveInvites', unknown)).toMatchObject({ error: 'TenantNotFound' })
    expect(audit).toHaveLength(1)
  })

  it.each([
    ['a server that is no URL', { server: 'ftp://old.example', accounts: [amy] }],
    ['a DID that no account has', { server, accounts: [{ ...amy, did: 'did:key:z6Mk' }] }],
    ['an address that is none', { server, accounts: [{ ...amy, email: 'amy' }] }],
    ['no accounts', { server, accounts: [] }],
  ])('%s is refused', async (_, input) => {
    const { call, list } = await open()
    expect(await call('createMoveInvites', input)).toMatchObject({ error: 'InvalidRequest' })
    expect((await list()).invites).toEqual([])
  })

  it('only the operator may make them, or change the URL of an account', async () => {
    const { call } = await open()
    const inputs = {
      createMoveInvites: { server, accounts: [amy] },
      sendMoveInvite: { did: amy.did },
      deleteMoveInvites: { dids: [amy.did] },
      updateAccountEndpoint: { did: amy.did, from: server },
    }
    for (const [name, input] of Object.entries(inputs)) {
      expect(await call(name, input, {} as never)).toMatchObject({
        error: 'AuthenticationRequired',
      })
    }
  })
})

describe('a new host name', () => {
  it('is for accounts of this server, and a domain is replaced by another', async () => {
    const { call } = await open()
    const one = { did: amy.did, from: server }
    expect(await call('updateAccountEndpoint', one)).toMatchObject({ error: 'AccountNotFound' })
    const half = { did, from: server, fromDomain: '.old.example' }
    expect(await call('updateAccountEndpoint', half)).toMatchObject({
      ...{ error: 'InvalidRequest', message: 'Give both fromDomain and toDomain, or neither' },
    })
  })
})
