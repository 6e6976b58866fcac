import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createMemberAppPassword,
  listMemberAppPasswords,
  revokeMemberAppPassword,
} from '#src/account/group/app-passwords.ts'
import { getAuditLog } from '#src/account/group/audit-log.ts'
import { authorize } from '#src/account/group/authorize.ts'
import { removeMember, updateMember } from '#src/account/group/members.ts'
import {
  createAppPassword,
  listAppPasswords,
  revokeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import { createSession, findSession, refreshSession } from '#src/account/sessions/sessions.ts'
import { newAppPassword } from '#src/rules/passwords.ts'
import { account, eddie, inDays, makeGroup, owner, vera } from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const clock = { time: 0, now: () => clock.time }
let group: OpenAccount
beforeEach(async () => {
  clock.time = Date.parse('2026-01-01T00:00:00Z')
  group = await openTestAccount({ clock })
  await makeGroup(group, { [eddie]: 'editor', [vera]: 'viewer' })
})

const wrong = { status: 401, error: 'AuthenticationRequired' }
const revoked = { status: 400, error: 'ExpiredToken' }
const refused = { status: 403, error: 'NotAMember' }
const by = { did: eddie }
const create = async (name = 'phone', did = eddie) =>
  (await createMemberAppPassword(group, { by: { did }, name, password: newAppPassword() })).password
const logIn = (password: string) => createSession(group, { password })
const refresh = ({ refreshJwt }: { refreshJwt: string }) =>
  refreshSession(group, { tokenId: decodeJwt(refreshJwt).jti! })
const sidOf = ({ accessJwt }: { accessJwt: string }) => decodeJwt(accessJwt)['sid'] as string
const events = (kind: string) =>
  group.sql.all<{ body: string }>('SELECT body FROM private_event WHERE kind = ?', kind)

describe('an app password of a member', () => {
  it('begins a session in which the member acts as the group, and no more than its role', async () => {
    const session = await logIn(await create())
    expect(decodeJwt(session.accessJwt)).toMatchObject({
      ...{ sub: testDid, scope: 'dev.headwater.group.member', act: { sub: eddie } },
      apw: expect.any(String),
    })
    expect(session).not.toHaveProperty('email')
    const authority = await authorize(group, { member: eddie, session: sidOf(session) })
    expect(authority.name).toBe('editor')
    await updateMember(group, { by: owner, did: eddie, role: 'viewer' })
    const later = await authorize(group, { member: eddie, session: sidOf(session) })
    expect(later.name).toBe('viewer')
    const next = await refresh(session)
    expect(decodeJwt(next.accessJwt)).toMatchObject({ act: { sub: eddie } })
    expect(sidOf(next)).toBe(sidOf(session))
  })

  it('is for members only, and not for the account itself', async () => {
    const input = { name: 'phone', password: newAppPassword() }
    for (const one of [account, { did: 'did:plc:outsider' }]) {
      await expect(createMemberAppPassword(group, { by: one, ...input })).rejects.toMatchObject(
        refused,
      )
    }
  })

  it('ends with the membership, with its sessions and what is open of them', async () => {
    const password = await create()
    const session = await logIn(password)
    await removeMember(group, { by: owner, did: eddie })
    await expect(logIn(password)).rejects.toMatchObject(wrong)
    await expect(refresh(session)).rejects.toMatchObject(revoked)
    expect(await group.sql.all('SELECT * FROM credential')).toEqual([])
    const name = `${eddie} phone`
    const [, ended] = await events('#session')
    expect(JSON.parse(ended!.body)).toEqual({ change: 'ended', kind: 'appPassword', name })
    const [, gone] = await events('#appPassword')
    expect(JSON.parse(gone!.body)).toEqual({ change: 'revoked', name, privileged: false })
  })

  it('is refused as a wrong one when the time of the membership is over', async () => {
    const password = await create()
    const expiresAt = inDays(group, 1)
    await updateMember(group, { by: owner, did: eddie, expiresAt })
    const session = await logIn(password)
    clock.time = expiresAt
    await expect(logIn(password)).rejects.toMatchObject(wrong)
    await expect(refresh(session)).rejects.toMatchObject(revoked)
  })

  it('is revoked by its member alone, with its sessions', async () => {
    const [password, other] = [await create(), await create('phone', vera)]
    const session = await logIn(password)
    await revokeAppPassword(group, { name: `${eddie} phone` })
    await revokeMemberAppPassword(group, { by: { did: vera }, name: 'phone' })
    await expect(logIn(other)).rejects.toMatchObject(wrong)
    await refresh(session)
    await revokeMemberAppPassword(group, { by, name: 'phone' })
    await expect(logIn(password)).rejects.toMatchObject(wrong)
    await expect(refresh(session)).rejects.toMatchObject(revoked)
    const open = authorize(group, { member: eddie, session: sidOf(session) })
    await expect(open).rejects.toMatchObject(revoked)
  })

  it('is listed for its member and not for the account, whose own are listed for it alone', async () => {
    await create()
    await createAppPassword(group, { name: 'own', password: newAppPassword(), privileged: false })
    expect(await listMemberAppPasswords(group, { by })).toEqual({
      passwords: [{ name: 'phone', createdAt: '2026-01-01T00:00:00.000Z' }],
    })
    expect(await listMemberAppPasswords(group, { by: { did: vera } })).toEqual({ passwords: [] })
    const { passwords } = await listAppPasswords(group)
    expect(passwords.map(({ name }) => name)).toEqual(['own'])
  })

  it('has a name once, and there are twenty of each member', async () => {
    await create()
    await expect(create()).rejects.toMatchObject({ status: 400 })
    await create('phone', vera)
    for (let i = 1; i < 20; i++) await create(`phone ${i}`)
    await expect(create('one more')).rejects.toMatchObject({ status: 400 })
    await create('two', vera)
  })

  it('is in the audit log when it is made, used and revoked', async () => {
    const client = { ip: '203.0.113.1', userAgent: 'an app' }
    await createSession(group, { password: await create(), client })
    await revokeMemberAppPassword(group, { by, name: 'phone' })
    const { entries } = await getAuditLog(group, { by: owner, actor: eddie, limit: 10 })
    expect(entries).toMatchObject([
      { action: 'app password revoked', detail: 'phone' },
      { action: 'session created', role: 'editor', client: 'app password', ...client },
      { action: 'app password created', detail: 'phone' },
    ])
  })

  it('begins one session for a call that is repeated', async () => {
    const key = { id: 'call', issuedAt: group.clock.now() }
    const password = await create()
    const session = await createSession(group, { password }, key)
    const again = await findSession(group, key)
    expect(decodeJwt(again!.accessJwt)).toEqual(decodeJwt(session.accessJwt))
  })
})
