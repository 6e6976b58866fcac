/** Invite codes and rate limits. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'

export const strict: Scenario = {
  name: 'invites and limits',
  environment: 'strict',
  async run(visitor) {
    const account = (name: string, inviteCode?: string) => ({
      handle: `${name}.test`,
      email: `${name}@example.com`,
      password: 'secret',
      ...(inviteCode && { inviteCode }),
    })
    await visitor.call('', `${server}.describeServer`)
    await visitor.call('no code', `${server}.createAccount`, { body: account('uninvited') })
    await visitor.call('a wrong code', `${server}.createAccount`, {
      body: account('uninvited', 'x'),
    })
    const { body } = await visitor.call('', `${server}.createInviteCode`, {
      as: adminAuthorization,
      body: { useCount: 2 },
    })
    const { body: made } = await visitor.call('a code', `${server}.createAccount`, {
      body: account('invited', body.code),
    })
    visitor.placeholders.set(made.did, '<invited>')
    const { body: second } = await visitor.call('the second time', `${server}.createAccount`, {
      body: account('invited-2', body.code),
    })
    visitor.placeholders.set(second.did, '<invited-2>')
    await visitor.call('the third time', `${server}.createAccount`, {
      body: account('invited-3', body.code),
    })
    const as = `Bearer ${made.accessJwt}`
    await sleep(6000)
    await visitor.call('earned', `${server}.getAccountInviteCodes`, { as })
    const { body: codes } = await visitor.call('again', `${server}.getAccountInviteCodes`, { as })
    const code = codes.codes[0]?.code
    await visitor
      .call('by a friend', `${server}.createAccount`, { body: account('friend', code) })
      .then(({ body }) => visitor.placeholders.set(body.did, '<friend>'))
    await visitor.call('unused ones', `${server}.getAccountInviteCodes`, {
      as,
      query: { includeUsed: false },
    })
    await visitor.call('', 'com.atproto.admin.getAccountInfo', {
      as: adminAuthorization,
      query: { did: made.did },
    })
    await visitor.call('disabled', 'com.atproto.admin.disableAccountInvites', {
      as: adminAuthorization,
      body: { account: made.did },
    })
    await visitor.call('disabled', `${server}.getAccountInviteCodes`, { as })
    await visitor.call('unconfirmed', `${server}.getAccountInviteCodes`, {
      as: `Bearer ${second.accessJwt}`,
    })

    const collection = 'com.example.thing'
    const write = (what: string, method: string, more: object) =>
      visitor.call(what, `com.atproto.repo.${method}`, {
        as,
        body: { repo: made.did, collection, ...more },
      })
    await write('counted', 'createRecord', { record: {} })
    await write('counted', 'putRecord', { rkey: 'a', record: {} })
    await write('counted', 'deleteRecord', { rkey: 'a' })
    await visitor.call('counted', 'com.atproto.repo.applyWrites', {
      as,
      body: { repo: made.did, writes: [] },
    })
    await visitor.call('counted', 'com.atproto.sync.getRepo', { query: { did: made.did } })
    await visitor.call('counted', 'com.atproto.identity.updateHandle', {
      as,
      body: { handle: 'invited-9.test' },
    })
    await visitor.call('counted', `${server}.requestEmailConfirmation`, { as, verb: 'POST' })
    await visitor.call('with the key', `${server}.describeServer`, {
      headers: { 'x-ratelimit-bypass': 'bypass' },
    })
    await visitor.call('with a wrong key', `${server}.describeServer`, {
      headers: { 'x-ratelimit-bypass': 'x' },
    })
    await visitor.call('plain', '/xrpc/_health')
    await visitor.call('unknown', 'com.example.unknown')
    const body2 = { identifier: 'invited-2.test', password: 'wrong' }
    for (let n = 0; n < 30; n++) await visitor.request(`${server}.createSession`, { body: body2 })
    await visitor.call('the 31st', `${server}.createSession`, { body: body2 })
    await visitor.call('of another', `${server}.createSession`, {
      body: { ...body2, identifier: 'nobody.test' },
    })
    const update = `${server}.requestEmailUpdate`
    for (let n = 0; n < 5; n++) await visitor.request(update, { as, verb: 'POST' })
    await visitor.call('the 6th', update, { as, verb: 'POST' })
  },
}
