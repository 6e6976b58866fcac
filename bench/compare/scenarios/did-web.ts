/** Accounts with a did:web: created, migrated in, renamed, deactivated and deleted. */

import { setTimeout as sleep } from 'node:timers/promises'
import { createAccount, takeDown } from '../accounts.ts'
import { openDidWebAccount } from '../did-web-account.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'
const identity = 'com.atproto.identity'

export const didWeb: Scenario = {
  name: 'own DID',
  environment: 'alone',
  async run(client) {
    await client.subscribe(await createAccount(client, 'own-marker'))
    using own = await openDidWebAccount(client, 'webster')
    const { did } = own
    const document = { ...own.document! }
    const input = { did, handle: 'webster.test', email: 'webster@example.com', password: 'secret' }
    const create = (what: string, more: object = {}, as: string | undefined = own.serviceToken()) =>
      client.call(what, `${server}.createAccount`, { as, body: { ...input, ...more } })
    own.document = null
    await create('without a document')
    own.document = document
    // We remember for 5 s that there was none.
    await sleep(5_500)
    await create('of another account', { did: 'did:web:example.com' })
    await create('with a path', { did: `${did}:path` })
    const { body: made } = await create('good')
    await client.events('arrived')
    const as = `Bearer ${made.accessJwt}`
    const status = (what: string) => client.call(what, `${server}.checkAccountStatus`, { as })
    const activate = async (what: string) => {
      await client.call(what, `${server}.activateAccount`, { as, verb: 'POST' })
      await client.events(what)
    }
    await status('new')
    await client.call('of a did:web', `${server}.getSession`, { as })
    const headers = { 'content-type': 'application/vnd.ipld.car' }
    await client.call('good', 'com.atproto.repo.importRepo', { as, body: own.car, headers })
    const { body: advice } = await client.call('', `${identity}.getRecommendedDidCredentials`, {
      as,
    })
    await activate('elsewhere')
    // The service endpoint that both servers expect.
    const { endpoint } = advice.services.atproto_pds
    own.document = { ...document, endpoint }
    await status('another key')
    await activate('another key')
    own.document = { ...own.document, key: advice.verificationMethods.atproto }
    await status('in order')
    await activate('in order')
    await client.call('', 'com.atproto.sync.getRepoStatus', { query: { did } })
    await client.call('', 'com.atproto.repo.describeRepo', { query: { repo: did } })
    await client.call('by its handle', `${identity}.resolveHandle`, {
      query: { handle: 'webster.test' },
    })
    await client.call('', `${server}.createSession`, {
      body: { identifier: did, password: 'secret' },
    })
    const record = { repo: did, collection: 'com.example.thing', record: { first: 'here' } }
    await client.call('the first write', 'com.atproto.repo.createRecord', { as, body: record })
    await client.events('the first write')

    for (const [method, body] of [
      ['requestPlcOperationSignature', undefined],
      ['signPlcOperation', { token: 'AAAAA-AAAAA' }],
      ['submitPlcOperation', { operation: {} }],
    ] as const) {
      const ask = { as, verb: 'POST', ...(body && { body }) }
      await client.call('of a did:web', `${identity}.${method}`, ask)
    }
    const rename = async (what: string, handle: string) => {
      await client.call(what, `${identity}.updateHandle`, { as, body: { handle } })
      await client.events(what)
    }
    await rename('before its document', 'webster-two.test')
    own.document = { ...own.document, handle: 'webster-two.test' }
    await rename('after its document', 'webster-two.test')
    await client.call('by the admin', 'com.atproto.admin.updateAccountHandle', {
      as: adminAuthorization,
      body: { did, handle: 'webster-three.test' },
    })
    await client.events('by the admin')
    await client.call('', 'com.atproto.admin.getAccountInfo', {
      as: adminAuthorization,
      query: { did },
    })
    await client.call('', `${server}.deactivateAccount`, { as, body: {} })
    await client.events('deactivated')
    own.document = null
    await activate('without a document')
    own.document = { ...document, endpoint, key: advice.verificationMethods.atproto }
    await activate('with its document')
    await takeDown(client, did, true)
    await client.events('taken down')
    await takeDown(client, did, false)
    await client.events('the end of the takedown')
    await client.call('', 'com.atproto.admin.deleteAccount', {
      as: adminAuthorization,
      body: { did },
    })
    await client.events('deleted')
  },
}
