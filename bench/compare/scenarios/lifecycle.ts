/** Accounts that migrate in, deactivate, reactivate and end, with their events. */

import { createAccount, repoRef, takeDown, takendownToken, writeRecord } from '../accounts.ts'
import { createExternalAccount, migrateIn } from '../external-account.ts'
import type { RecordingClient } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'
const carType = { 'content-type': 'application/vnd.ipld.car' }

export const migrationIn: Scenario = {
  name: 'arrival',
  environment: 'alone',
  async run(client) {
    await client.subscribe(await createAccount(client, 'arrival-marker'))
    const { did, serviceToken, account, car } = await createExternalAccount(client, 'stranger')
    const { handle, email, password } = account
    const body = { did, handle, email, password }
    const lxm = `${server}.createAccount`
    const create = (what: string, as: string | undefined, more: object = {}) =>
      client.call(what, `${server}.createAccount`, { as, body: { ...body, ...more } })
    await create('no token', undefined)
    await create('a token for another method', serviceToken({ lxm: 'com.example.do' }))
    await create('a token of another account', serviceToken({ lxm }), {
      did: `did:plc:${'c'.repeat(24)}`,
    })
    await create('a handle of another domain', serviceToken({ lxm }), {
      handle: 'nothing-here.example',
    })
    await create('no email', serviceToken({ lxm }), { email: undefined })
    const { body: made } = await create('good', serviceToken({ lxm }))
    await client.events('arrived')
    const as = `Bearer ${made.accessJwt}`
    await create('again', serviceToken({ lxm }))
    const status = (what: string) => client.call(what, `${server}.checkAccountStatus`, { as })
    await status('empty')
    const carry = (
      what: string,
      bytes: Uint8Array | string,
      headers: Record<string, string> = carType,
    ) => client.call(what, 'com.atproto.repo.importRepo', { as, body: bytes, headers })
    await carry('another type', car, { 'content-type': 'application/json' })
    await carry('nothing', '')
    await carry('cut', car.subarray(0, car.length - 10))
    await carry('good', car)
    await carry('again', car)
    await client.events('imported')
    await status('imported')
    await client.call('imported', 'com.atproto.repo.listMissingBlobs', { as })
    await client.call('imported, by itself', 'com.atproto.sync.getRepo', { as, query: { did } })
    await client.call('imported', 'com.atproto.sync.getRepoStatus', { query: { did } })
    await client.call('too early', `${server}.activateAccount`, { as, verb: 'POST' })
    await client.events('too early')
  },
}

export const activation: Scenario = {
  name: 'activation',
  environment: 'alone',
  async run(client) {
    await client.subscribe(await createAccount(client, 'moves-marker'))
    const external = await migrateIn(client, 'mover')
    const { access: as, did } = external.account
    const activate = (what: string) =>
      client.call(what, `${server}.activateAccount`, { as, verb: 'POST' })
    const { body: advice } = await client.prepare(
      'com.atproto.identity.getRecommendedDidCredentials',
      { as },
    )
    const attempts: Record<string, object> = {
      'no rotation key of the server': { ...advice, rotationKeys: [] },
      'another server': { ...advice, services: {} },
      'another signing key': { ...advice, verificationMethods: {} },
      'as it should be': advice,
    }
    for (const [what, { rotationKeys = [], ...fields }] of Object.entries(attempts) as [
      string,
      { rotationKeys?: string[] },
    ][]) {
      const own = (await fetch(`${client.plcUrl}/${did}/data`).then((r) => r.json())) as {
        rotationKeys: string[]
      }
      await external.updateDid({
        rotationKeys: [...new Set([own.rotationKeys[0]!, ...rotationKeys])],
        ...fields,
      })
      await client.call(what, `${server}.checkAccountStatus`, { as })
      await activate(what)
      await client.events(what)
    }
    await activate('again')
    await client.events('again')
    await client.call('activated', 'com.atproto.sync.getRepoStatus', { query: { did } })
    await client.call('activated', 'com.atproto.repo.listRecords', {
      query: { repo: did, collection: 'com.example.thing' },
    })
    const record = { repo: did, collection: 'com.example.thing', record: { first: 'here' } }
    await client.call('the first write', 'com.atproto.repo.createRecord', { as, body: record })
    await client.events('the first write')
    await client.call('active', 'com.atproto.repo.importRepo', {
      as,
      body: external.car,
      headers: carType,
    })
    await client.events('an import while active')
  },
}

export const deactivationAndDeletion: Scenario = {
  name: 'changes of state',
  environment: 'alone',
  async run(client) {
    await client.subscribe(await createAccount(client, 'state-marker'))
    const account = await createAccount(client, 'changing')
    const { did, access: as } = account
    await writeRecord(client, account, 'one')
    await client.skipEvents()
    const own = async (what: string, method: string, body?: object) => {
      await client.call(what, `${server}.${method}`, { as, verb: 'POST', ...(body && { body }) })
      await client.events(`${what} ${method}`)
    }
    await own('the first', 'deactivateAccount', {})
    await own('the second', 'deactivateAccount', {})
    await own('with a date', 'deactivateAccount', { deleteAfter: '2050-01-01T00:00:00.000Z' })
    await own('with a bad date', 'deactivateAccount', { deleteAfter: 'soon' })
    await own('the first', 'activateAccount')
    await own('the second', 'activateAccount')
    await moderated(client, did)
    await takeDown(client, did, true)
    await client.skipEvents()
    await own('taken down', 'deactivateAccount', {})
    await own('taken down', 'activateAccount')
    const ask = { as: takendownToken(account), body: {} }
    await client.call('by its narrow session', `${server}.deactivateAccount`, ask)
    await client.events('by its narrow session')
    await takeDown(client, did, false)
    await client.events('the end of the takedown of a sleeping account')
    await own('at last', 'activateAccount')
    await client.call('good', 'com.atproto.admin.deleteAccount', {
      as: adminAuthorization,
      body: { did },
    })
    await client.events('the end')
    await client.call('again', 'com.atproto.admin.deleteAccount', {
      as: adminAuthorization,
      body: { did },
    })
    await client.events('the end again')
  },
}

async function moderated(client: RecordingClient, did: string) {
  const subject = repoRef(did)
  const set = async (what: string, body: object) => {
    const method = 'com.atproto.admin.updateSubjectStatus'
    await client.call(what, method, { as: adminAuthorization, body: { subject, ...body } })
    await client.events(what)
    await client.call(what, 'com.atproto.admin.getSubjectStatus', {
      as: adminAuthorization,
      query: { did },
    })
    await client.call(what, 'com.atproto.sync.getRepoStatus', { query: { did } })
  }
  await set('neither', {})
  await set('a takedown', { takedown: { applied: true, ref: 'a' } })
  await set('a second takedown', { takedown: { applied: true, ref: 'b' } })
  await set('taken down and activated', {
    takedown: { applied: true },
    deactivated: { applied: false },
  })
  await set('activated while down', { deactivated: { applied: false } })
  await set('deactivated while down', { deactivated: { applied: true } })
  await set('the end of the takedown', { takedown: { applied: false } })
  await set('activated', { deactivated: { applied: false } })
  await set('deactivated', { deactivated: { applied: true } })
  await set('both at once', { takedown: { applied: false }, deactivated: { applied: false } })
}
