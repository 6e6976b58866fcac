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
  async run(visitor) {
    const { records } = visitor.services.nameServer
    const says = (domain: string, did: string) => {
      records[`_atproto.${domain}`] = `did=${did}`
    }
    const other = await createAccount(visitor, 'domain-other')
    await visitor.subscribe(other)
    const { did, access: as, password } = await createAccount(visitor, 'domain-owner')
    says('owner.nosuch', did)
    says('deep.sub.owner.nosuch', did)
    says('theirs.nosuch', other.did)
    records['_atproto.odd.nosuch'] = 'nothing of ours'
    const resolve = (handle: string) =>
      visitor.call(`of ${handle}`, `${identity}.resolveHandle`, { query: { handle } })
    await resolve('owner.nosuch')
    await resolve('odd.nosuch')
    await visitor.skipEvents()
    const rename = async (what: string, handle: string) => {
      await visitor.call(what, `${identity}.updateHandle`, { as, body: { handle } })
      await visitor.events(what)
    }
    await rename("somebody else's", 'theirs.nosuch')
    await rename('odd', 'odd.nosuch')
    await rename('its own', 'Owner.NoSuch')
    await visitor.call('', `${server}.getSession`, { as })
    await visitor.call('', `${server}.checkAccountStatus`, { as })
    await visitor.call('', 'com.atproto.repo.describeRepo', { query: { repo: 'owner.nosuch' } })
    await visitor.call('by its domain', `${server}.createSession`, {
      body: { identifier: 'owner.nosuch', password },
    })
    await visitor.call('', '/.well-known/atproto-did', { headers: { host: 'owner.nosuch' } })
    await visitor.call('', '/tls-check', { query: { domain: 'owner.nosuch' } })
    await resolve('owner.nosuch')
    await rename('deep', 'deep.sub.owner.nosuch')
    delete records['_atproto.deep.sub.owner.nosuch']
    await resolve('deep.sub.owner.nosuch')
    await rename('the same, no longer said', 'deep.sub.owner.nosuch')
    await visitor.call('no longer said', 'com.atproto.repo.describeRepo', { query: { repo: did } })
    await rename('back', 'domain-owner.test')

    const create = (what: string, body: object, token?: string) =>
      visitor.call(what, `${server}.createAccount`, { as: token, body })
    const input = { email: 'domain@example.com', password: 'secret' }
    await create('new, of nobody', { ...input, handle: 'unknown.nosuch' })
    await create('new, of another', { ...input, handle: 'owner.nosuch' })
    const stranger = await createExternalAccount(visitor, 'domain-comer')
    const token = () => stranger.serviceToken({ lxm: `${server}.createAccount` })
    const coming = { ...input, did: stranger.did, handle: 'comer.nosuch' }
    await create('coming, of nobody', coming, token())
    says('comer.nosuch', other.did)
    await create('coming, of another', coming, token())
    says('comer.nosuch', stranger.did)
    await create('coming, of its own', coming, token())
    await visitor.events('come')

    const set = async (what: string, handle: string) => {
      const body = { did, handle }
      await visitor.call(what, 'com.atproto.admin.updateAccountHandle', {
        as: adminAuthorization,
        body,
      })
      await visitor.events(what)
    }
    await set('by the admin, of nobody', 'unknown.nosuch')
    await set('by the admin, of another', 'theirs.nosuch')
    await set('by the admin, of its own', 'owner.nosuch')
    await set('by the admin, taken', 'comer.nosuch')
  },
}
