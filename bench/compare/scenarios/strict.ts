/** Invite codes and rate limits. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'

export const strict: Scenario = {
  name: 'invites and limits',
  environment: 'strict',
  async run(client) {
    const account = (name: string, inviteCode?: string) => ({
      handle: `${name}.test`,
      email: `${name}@example.com`,
      password: 'secret',
      ...(inviteCode && { inviteCode }),
    })
    await client.call('', `${server}.describeServer`)
    await client.call('no code', `${server}.createAccount`, { body: account('uninvited') })
    await client.call('a wrong code', `${server}.createAccount`, {
      body: account('uninvited', 'x'),
    })
    const { body } = await client.call('', `${server}.createInviteCode`, {
      as: adminAuthorization,
      body: { useCount: 2 },
    })
    const { body: made } = await client.call('a code', `${server}.createAccount`, {
      body: account('invited', body.code),
    })
    client.placeholders.set(made.did, '<invited>')
    const { body: second } = await client.call('the second time', `${server}.createAccount`, {
      body: account('invited-2', body.code),
    })
    client.placeholders.set(second.did, '<invited-2>')
    await client.call('the third time', `${server}.createAccount`, {
      body: account('invited-3', body.code),
    })
    const as = `Bearer ${made.accessJwt}`
    await sleep(6000)
    await client.call('earned', `${server}.getAccountInviteCodes`, { as })
    const { body: codes } = await client.call('again', `${server}.getAccountInviteCodes`, { as })
    const code = codes.codes[0]?.code
    await client
      .call('by a friend', `${server}.createAccount`, { body: account('friend', code) })
      .then(({ body }) => client.placeholders.set(body.did, '<friend>'))
    await client.call('unused ones', `${server}.getAccountInviteCodes`, {
      as,
      query: { includeUsed: false },
    })
    await client.call('', 'com.atproto.admin.getAccountInfo', {
      as: adminAuthorization,
      query: { did: made.did },
    })
    await client.call('disabled', 'com.atproto.admin.disableAccountInvites', {
      as: adminAuthorization,
      body: { account: made.did },
    })
    await client.call('disabled', `${server}.getAccountInviteCodes`, { as })
    await client.call('unconfirmed', `${server}.getAccountInviteCodes`, {
      as: `Bearer ${second.accessJwt}`,
    })

    const collection = 'com.example.thing'
    const write = (what: string, method: string, more: object) =>
      client.call(what, `com.atproto.repo.${method}`, {
        as,
        body: { repo: made.did, collection, ...more },
      })
    await write('counted', 'createRecord', { record: {} })
    await write('counted', 'putRecord', { rkey: 'a', record: {} })
    await write('counted', 'deleteRecord', { rkey: 'a' })
    await client.call('counted', 'com.atproto.repo.applyWrites', {
      as,
      body: { repo: made.did, writes: [] },
    })
    await client.call('counted', 'com.atproto.sync.getRepo', { query: { did: made.did } })
    await client.call('counted', 'com.atproto.identity.updateHandle', {
      as,
      body: { handle: 'invited-9.test' },
    })
    await client.call('counted', `${server}.requestEmailConfirmation`, { as, verb: 'POST' })
    await client.call('with the key', `${server}.describeServer`, {
      headers: { 'x-ratelimit-bypass': 'bypass' },
    })
    await client.call('with a wrong key', `${server}.describeServer`, {
      headers: { 'x-ratelimit-bypass': 'x' },
    })
    await client.call('plain', '/xrpc/_health')
    await client.call('unknown', 'com.example.unknown')
    const body2 = { identifier: 'invited-2.test', password: 'wrong' }
    for (let n = 0; n < 30; n++) await client.request(`${server}.createSession`, { body: body2 })
    await client.call('the 31st', `${server}.createSession`, { body: body2 })
    await client.call('of another', `${server}.createSession`, {
      body: { ...body2, identifier: 'nobody.test' },
    })
    const update = `${server}.requestEmailUpdate`
    for (let n = 0; n < 5; n++) await client.request(update, { as, verb: 'POST' })
    await client.call('the 6th', update, { as, verb: 'POST' })
  },
}
