/** Handles that are domains of their owners, resolved by DNS. */

import { createAccount } from '../accounts.ts'
import { createExternalAccount } from '../external-account.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const identity = 'com.atproto.identity'
const server = 'com.atproto.server'

export const domains: Scenario = {
  name: 'custom domains',
  environment: 'alone',
  async run(client) {
    const { records } = client.services.nameServer
    const says = (domain: string, did: string) => {
      records[`_atproto.${domain}`] = `did=${did}`
    }
    const other = await createAccount(client, 'domain-other')
    await client.subscribe(other)
    const { did, access: as, password } = await createAccount(client, 'domain-owner')
    says('owner.nosuch', did)
    says('deep.sub.owner.nosuch', did)
    says('theirs.nosuch', other.did)
    records['_atproto.odd.nosuch'] = 'nothing of ours'
    const resolve = (handle: string) =>
      client.call(`of ${handle}`, `${identity}.resolveHandle`, { query: { handle } })
    await resolve('owner.nosuch')
    await resolve('odd.nosuch')
    await client.skipEvents()
    const rename = async (what: string, handle: string) => {
      await client.call(what, `${identity}.updateHandle`, { as, body: { handle } })
      await client.events(what)
    }
    await rename("another account's", 'theirs.nosuch')
    await rename('odd', 'odd.nosuch')
    await rename('its own', 'Owner.NoSuch')
    await client.call('', `${server}.getSession`, { as })
    await client.call('', `${server}.checkAccountStatus`, { as })
    await client.call('', 'com.atproto.repo.describeRepo', { query: { repo: 'owner.nosuch' } })
    await client.call('by its domain', `${server}.createSession`, {
      body: { identifier: 'owner.nosuch', password },
    })
    await client.call('', '/.well-known/atproto-did', { headers: { host: 'owner.nosuch' } })
    await client.call('', '/tls-check', { query: { domain: 'owner.nosuch' } })
    await resolve('owner.nosuch')
    await rename('deep', 'deep.sub.owner.nosuch')
    delete records['_atproto.deep.sub.owner.nosuch']
    await resolve('deep.sub.owner.nosuch')
    await rename('the same, no longer said', 'deep.sub.owner.nosuch')
    await client.call('no longer said', 'com.atproto.repo.describeRepo', { query: { repo: did } })
    await rename('back', 'domain-owner.test')

    const create = (what: string, body: object, token?: string) =>
      client.call(what, `${server}.createAccount`, { as: token, body })
    const input = { email: 'domain@example.com', password: 'secret' }
    await create('new, of an unknown account', { ...input, handle: 'unknown.nosuch' })
    await create('new, of another', { ...input, handle: 'owner.nosuch' })
    const external = await createExternalAccount(client, 'domain-comer')
    const token = () => external.serviceToken({ lxm: `${server}.createAccount` })
    const coming = { ...input, did: external.did, handle: 'comer.nosuch' }
    await create('coming, of an unknown account', coming, token())
    says('comer.nosuch', other.did)
    await create('coming, of another', coming, token())
    says('comer.nosuch', external.did)
    await create('coming, of its own', coming, token())
    await client.events('come')

    const set = async (what: string, handle: string) => {
      const body = { did, handle }
      await client.call(what, 'com.atproto.admin.updateAccountHandle', {
        as: adminAuthorization,
        body,
      })
      await client.events(what)
    }
    await set('by the admin, of an unknown account', 'unknown.nosuch')
    await set('by the admin, of another', 'theirs.nosuch')
    await set('by the admin, of its own', 'owner.nosuch')
    await set('by the admin, taken', 'comer.nosuch')
  },
}
