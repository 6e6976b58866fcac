/** OAuth grants, browsers and consents of members of a group. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { addMember, removeMember, updateMember } from '#src/account/group/members.ts'
import { checkAccessToken } from '#src/account/oauth/check-access-token.ts'
import {
  describeWithClients,
  findOnDevice,
  listDevices,
  setAuthorizedClient,
  signInOnDevice,
} from '#src/account/oauth/devices-and-clients.ts'
import { createGrant, findGrant, listGrants, rotateGrant } from '#src/account/oauth/grants.ts'
import { eddie, makeGroup, olga, owner, vera } from '#tests/support/group-scenarios.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const hour = 60 * 60_000
const jkt = 'thumbprint'
const clientId = 'https://app.example.com/client.json'
let group: Account
beforeEach(async () => {
  group = await openTestAccount()
  await makeGroup(group, { [eddie]: 'editor', [vera]: 'viewer' })
})

function grantOf(id: string, member?: string) {
  const now = group.clock.now()
  const data = JSON.stringify({ clientId, scope: 'atproto repo:*', parameters: { dpop_jkt: jkt } })
  return {
    ...{ id, refreshHash: `refresh ${id}`, codeHash: `code ${id}`, data },
    ...{ expiresAt: now + hour, createdAt: now, updatedAt: now },
    ...(member !== undefined && { member }),
  }
}

let proofs = 0
const check = (id: string) =>
  checkAccessToken(group, { id, jkt, proof: `proof ${proofs++}`, attempt: `attempt ${proofs}` })

const audit = () =>
  group.sql.all('SELECT actor, role, action, target, client FROM audit ORDER BY id DESC LIMIT 1')

const grantEvents = () =>
  group.sql.all(`SELECT subject, json_extract(body, '$.change') AS change
                 FROM private_event WHERE kind = '#grant' ORDER BY id`)

describe('a grant of a member', () => {
  it('has the role of the moment at each request, and is in the audit log', async () => {
    await createGrant(group, grantOf('tok-1', eddie))
    await createGrant(group, grantOf('tok-1', eddie))
    const row = { actor: eddie, role: 'editor', action: 'app authorized' }
    expect(await audit()).toEqual([{ ...row, target: clientId, client: clientId }])
    expect(await check('tok-1')).toMatchObject({
      scope: 'atproto repo:*',
      member: { did: eddie, name: 'editor', revision: 0 },
    })
    await updateMember(group, { by: owner, did: eddie, role: 'viewer' })
    expect(await check('tok-1')).toMatchObject({ member: { name: 'viewer', scope: 'atproto' } })
    expect(await findGrant(group, { id: 'tok-1' })).toMatchObject({
      member: eddie,
      roleScope: 'atproto',
    })
    await updateMember(group, { by: owner, did: eddie, role: 'admin' })
    expect(await check('tok-1')).toMatchObject({ member: { name: 'admin' } })
  })

  it('ends with the membership, in its transaction and with its event, and stays ended', async () => {
    await createGrant(group, grantOf('tok-1', eddie))
    await createGrant(group, grantOf('tok-2', vera))
    await check('tok-1')
    await removeMember(group, { by: owner, did: eddie })
    expect(await check('tok-1')).toEqual({ refusal: 'unknown' })
    expect(await grantEvents()).toEqual([
      { subject: 'tok-1', change: 'created' },
      { subject: 'tok-2', change: 'created' },
      { subject: 'tok-1', change: 'revoked' },
    ])
    await addMember(group, { by: owner, did: eddie, role: 'editor' })
    expect(await check('tok-1')).toEqual({ refusal: 'unknown' })
    expect(await check('tok-2')).toMatchObject({ member: { did: vera } })
  })

  it('is not refreshed, found or used after the end of a membership that had one', async () => {
    const until = group.clock.now() + 2 * hour
    await updateMember(group, { by: owner, did: eddie, expiresAt: until })
    await createGrant(group, grantOf('tok-1', eddie))
    await rotateGrant(group, { id: 'tok-1', next: grantOf('tok-2') })
    expect(await findGrant(group, { refreshHash: 'refresh tok-1' })).toMatchObject({ id: 'tok-2' })
    Object.assign(group.clock, { now: () => until })
    expect(await check('tok-2')).toEqual({ refusal: 'expired' })
    expect(await findGrant(group, { refreshHash: 'refresh tok-2' })).toBeNull()
    const refreshed = rotateGrant(group, { id: 'tok-2', next: grantOf('tok-3') })
    await expect(refreshed).rejects.toMatchObject({ error: 'InvalidGrant' })
  })

  it('is not made for a DID that is not a member', async () => {
    await removeMember(group, { by: owner, did: eddie })
    const made = createGrant(group, grantOf('tok-1', eddie))
    await expect(made).rejects.toMatchObject({ error: 'InvalidGrant' })
    expect(await listGrants(group)).toEqual([])
  })

  it('is not left behind by a removal at the same moment', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const remove = async () => {
        for (let i = 0; i < turns; i++) await Promise.resolve()
        await removeMember(group, { by: owner, did: eddie })
      }
      const [grant] = await Promise.allSettled([
        createGrant(group, grantOf(`tok-${turns}`, eddie)),
        remove(),
      ])
      if (grant.status === 'rejected') {
        expect(grant.reason).toMatchObject({ status: 400, error: 'InvalidGrant' })
      }
      expect(await listGrants(group)).toEqual([])
      await addMember(group, { by: owner, did: eddie, role: 'editor' })
    }
  })

  it('does not push out those of other members, of which each has 50', async () => {
    await createGrant(group, grantOf('tok-own'))
    await createGrant(group, grantOf('tok-vera', vera))
    for (let i = 0; i < 52; i++) {
      Object.assign(group.clock, { now: nextSecond(group.clock.now()) })
      await createGrant(group, grantOf(`tok-${i}`, eddie))
    }
    expect(await listGrants(group, { member: eddie })).toHaveLength(50)
    expect(await listGrants(group, { member: vera })).toHaveLength(1)
    expect(await listGrants(group)).toHaveLength(52)
    expect(await check('tok-1')).toEqual({ refusal: 'unknown' })
  })
})

function nextSecond(now: number) {
  return () => now + 1000
}

describe('a browser and the apps that were authorized', () => {
  it('are of one member, and no other one has its consent', async () => {
    await signInOnDevice(group, { deviceId: 'dev-1', member: eddie })
    await setAuthorizedClient(group, { clientId, data: '{"of":"eddie"}', member: eddie })
    await setAuthorizedClient(group, { clientId, data: '{"of":"the group"}' })
    expect(await findOnDevice(group, { deviceId: 'dev-1' })).toMatchObject({
      link: { member: eddie },
      clients: { [clientId]: '{"of":"eddie"}' },
      role: { name: 'editor' },
    })
    await signInOnDevice(group, { deviceId: 'dev-1', member: vera })
    expect(await findOnDevice(group, { deviceId: 'dev-1' })).toMatchObject({
      link: { member: vera },
      clients: {},
    })
    expect(await describeWithClients(group)).toMatchObject({
      clients: { [clientId]: '{"of":"the group"}' },
    })
    expect(await listDevices(group, { member: eddie })).toEqual([])
    expect(await listDevices(group, { member: vera })).toHaveLength(1)
  })

  it('count from the sign-in of a member at its own server, and not from the last use', async () => {
    const began = group.clock.now()
    const at = (time: number) => Object.assign(group.clock, { now: () => began + time })
    const times = async () => {
      const [link] = await listDevices(group)
      return [link!.createdAt - began, link!.updatedAt - began]
    }
    const choose = (more: object) => signInOnDevice(group, { deviceId: 'dev-1', ...more })
    await choose({ member: eddie, isSignIn: true })
    at(1)
    await choose({ member: eddie })
    expect(await times()).toEqual([0, 1])
    at(2)
    await choose({ member: eddie, isSignIn: true })
    expect(await times()).toEqual([2, 2])
    at(3)
    await choose({ member: vera })
    expect(await times()).toEqual([3, 3])
  })

  it('go with the membership', async () => {
    await signInOnDevice(group, { deviceId: 'dev-1', member: eddie })
    await setAuthorizedClient(group, { clientId, data: '{}', member: eddie })
    await removeMember(group, { by: owner, did: eddie })
    expect(await findOnDevice(group, { deviceId: 'dev-1' })).toBeNull()
    expect(await describeWithClients(group, { member: eddie })).toBeNull()
    const again = signInOnDevice(group, { deviceId: 'dev-1', member: eddie })
    await expect(again).rejects.toMatchObject({ error: 'NotAMember' })
    const consent = setAuthorizedClient(group, { clientId, data: '{}', member: eddie })
    await expect(consent).rejects.toMatchObject({ error: 'NotAMember' })
    await addMember(group, { by: owner, did: eddie, role: 'editor' })
    expect(await describeWithClients(group, { member: eddie })).toMatchObject({ clients: {} })
    expect(await describeWithClients(group, { member: olga })).toMatchObject({
      role: { name: 'owner' },
    })
  })
})
