/** Accounts with a did:web: created, migrated in, renamed, deactivated and deleted. */

import { createAccount, takeDown } from '../accounts.ts'
import { openDidWebAccount } from '../did-web-account.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'
const identity = 'com.atproto.identity'

export const didWeb: Scenario = {
  name: 'own DID',
  environment: 'alone',
  async run(visitor) {
    await visitor.subscribe(await createAccount(visitor, 'own-marker'))
    using own = await openDidWebAccount(visitor, 'webster')
    const { did } = own
    const document = { ...own.document! }
    const input = { did, handle: 'webster.test', email: 'webster@example.com', password: 'secret' }
    const create = (what: string, more: object = {}, as: string | undefined = own.serviceToken()) =>
      visitor.call(what, `${server}.createAccount`, { as, body: { ...input, ...more } })
    own.document = null
    await create('without a document')
    own.document = document
    await create('of somebody else', { did: 'did:web:example.com' })
    await create('with a path', { did: `${did}:path` })
    const { body: made } = await create('good')
    await visitor.events('arrived')
    const as = `Bearer ${made.accessJwt}`
    const status = (what: string) => visitor.call(what, `${server}.checkAccountStatus`, { as })
    const activate = async (what: string) => {
      await visitor.call(what, `${server}.activateAccount`, { as, verb: 'POST' })
      await visitor.events(what)
    }
    await status('new')
    await visitor.call('of a did:web', `${server}.getSession`, { as })
    const headers = { 'content-type': 'application/vnd.ipld.car' }
    await visitor.call('good', 'com.atproto.repo.importRepo', { as, body: own.car, headers })
    const { body: advice } = await visitor.call('', `${identity}.getRecommendedDidCredentials`, {
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
    await visitor.call('', 'com.atproto.sync.getRepoStatus', { query: { did } })
    await visitor.call('', 'com.atproto.repo.describeRepo', { query: { repo: did } })
    await visitor.call('by its handle', `${identity}.resolveHandle`, {
      query: { handle: 'webster.test' },
    })
    await visitor.call('', `${server}.createSession`, {
      body: { identifier: did, password: 'secret' },
    })
    const record = { repo: did, collection: 'com.example.thing', record: { first: 'here' } }
    await visitor.call('the first write', 'com.atproto.repo.createRecord', { as, body: record })
    await visitor.events('the first write')

    for (const [method, body] of [
      ['requestPlcOperationSignature', undefined],
      ['signPlcOperation', { token: 'AAAAA-AAAAA' }],
      ['submitPlcOperation', { operation: {} }],
    ] as const) {
      const ask = { as, verb: 'POST', ...(body && { body }) }
      await visitor.call('of a did:web', `${identity}.${method}`, ask)
    }
    const rename = async (what: string, handle: string) => {
      await visitor.call(what, `${identity}.updateHandle`, { as, body: { handle } })
      await visitor.events(what)
    }
    await rename('before its document', 'webster-two.test')
    own.document = { ...own.document, handle: 'webster-two.test' }
    await rename('after its document', 'webster-two.test')
    await visitor.call('by the admin', 'com.atproto.admin.updateAccountHandle', {
      as: adminAuthorization,
      body: { did, handle: 'webster-three.test' },
    })
    await visitor.events('by the admin')
    await visitor.call('', 'com.atproto.admin.getAccountInfo', {
      as: adminAuthorization,
      query: { did },
    })
    await visitor.call('', `${server}.deactivateAccount`, { as, body: {} })
    await visitor.events('deactivated')
    own.document = null
    await activate('without a document')
    own.document = { ...document, endpoint, key: advice.verificationMethods.atproto }
    await activate('with its document')
    await takeDown(visitor, did, true)
    await visitor.events('taken down')
    await takeDown(visitor, did, false)
    await visitor.events('the end of the takedown')
    await visitor.call('', 'com.atproto.admin.deleteAccount', {
      as: adminAuthorization,
      body: { did },
    })
    await visitor.events('deleted')
  },
}
