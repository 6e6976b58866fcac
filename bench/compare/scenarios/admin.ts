/** com.atproto.admin: every admin method. */
import { createAccount, repoRef, writeRecord } from '../accounts.ts'
import type { CallOptions } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization as as } from '../services.ts'

const unknownDid = `did:plc:${'a'.repeat(24)}`
const someBlob = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'

export const admin: Scenario = {
  name: 'admin',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'ann')
    const ben = await createAccount(client, 'ben')
    const { did } = account
    const record = await writeRecord(client, account, 'one')
    const ask = (what: string, method: string, query: CallOptions['query'] = {}) =>
      client.call(what, `com.atproto.admin.${method}`, { as, query: query ?? {} })
    const send = (what: string, method: string, body: object) =>
      client.call(what, `com.atproto.admin.${method}`, { as, body })
    await ask('good', 'getAccountInfo', { did })
    await ask('unknown account', 'getAccountInfo', { did: unknownDid })
    await ask('no did', 'getAccountInfo', { did: 'x' })
    await ask('two and an unknown account', 'getAccountInfos', `dids=${did}&dids=${unknownDid}`)
    await ask('none', 'getAccountInfos')
    const uri = record.uri
    for (const query of [
      {},
      { did },
      { uri },
      { did, blob: someBlob },
      { blob: someBlob },
      { did: unknownDid },
      { uri: `at://${did}/com.example.thing/none` },
      { uri: 'x' },
    ]) {
      await ask(
        `of ${Object.keys(query)} ${query.did === unknownDid ? 'unknown account' : ''}`,
        'getSubjectStatus',
        query as Record<string, string>,
      )
    }
    const strong = { $type: 'com.atproto.repo.strongRef', uri, cid: record.cid }
    await send('a record', 'updateSubjectStatus', {
      subject: strong,
      takedown: { applied: true, ref: '7' },
    })
    await ask('a record', 'getSubjectStatus', { uri })
    const of = { repo: did, collection: 'com.example.thing' }
    const read = (what: string, method: string, query: Record<string, string>, by?: string) =>
      client.call(what, `com.atproto.${method}`, { query, as: by })
    await read('taken down', 'repo.getRecord', { ...of, rkey: 'one' })
    await read('taken down', 'repo.listRecords', of)
    await read('taken down, by itself', 'repo.getRecord', { ...of, rkey: 'one' }, account.access)
    await read('taken down', 'sync.getRecord', {
      did,
      collection: 'com.example.thing',
      rkey: 'one',
    })
    await read('taken down', 'sync.getRepo', { did })
    const write = { as: account.access, body: { ...of, rkey: 'one', record: { next: true } } }
    await client.call('over what is taken down', 'com.atproto.repo.putRecord', write)
    await read('after a new version', 'repo.getRecord', { ...of, rkey: 'one' })
    await send('a record back', 'updateSubjectStatus', {
      subject: strong,
      takedown: { applied: false },
    })
    await read('back', 'repo.getRecord', { ...of, rkey: 'one' })
    await send('a record that is not there', 'updateSubjectStatus', {
      subject: { ...strong, uri: `at://${did}/com.example.thing/none` },
      takedown: { applied: true },
    })
    await send('of an unknown account', 'updateSubjectStatus', {
      subject: repoRef(unknownDid),
      takedown: { applied: true },
    })
    await send('an unknown kind', 'updateSubjectStatus', {
      subject: { $type: 'com.example.x' },
      takedown: { applied: true },
    })
    await send('a record, deactivated', 'updateSubjectStatus', {
      subject: strong,
      deactivated: { applied: true },
    })

    await send('good', 'sendEmail', {
      recipientDid: did,
      senderDid: ben.did,
      content: 'hello',
      subject: 'S',
      comment: 'c',
    })
    await send('unknown account', 'sendEmail', {
      recipientDid: unknownDid,
      senderDid: ben.did,
      content: 'hello',
    })
    await send('by handle', 'updateAccountEmail', {
      account: account.handle,
      email: 'Ann-2@example.com',
    })
    await send('taken', 'updateAccountEmail', { account: did, email: ben.email })
    await send('bad', 'updateAccountEmail', { account: did, email: 'nonsense' })
    await send('good again', 'updateAccountEmail', { account: did, email: 'ann-3@example.com' })
    await send('unknown account', 'updateAccountEmail', {
      account: unknownDid,
      email: 'x@example.com',
    })
    await ask('changed', 'getAccountInfo', { did })
    for (const handle of [
      'ann-2.test',
      'admin.test',
      'ben.test',
      'ab.test',
      'nothing-here.example',
      'nigger.test',
      `${'x'.repeat(30)}.test`,
    ]) {
      await send(`to ${handle}`, 'updateAccountHandle', { did, handle })
    }
    await send('unknown account', 'updateAccountHandle', {
      did: unknownDid,
      handle: 'nobody-2.test',
    })
    await send('good', 'updateAccountPassword', { did, password: 'next' })
    await send('long', 'updateAccountPassword', { did, password: 'x'.repeat(257) })
    await send('unknown account', 'updateAccountPassword', { did: unknownDid, password: 'next' })
    const login = { identifier: did, password: 'next' }
    await client.call('the new password', 'com.atproto.server.createSession', { body: login })
    await client.call('the old session', 'com.atproto.server.refreshSession', {
      as: account.refresh,
      verb: 'POST',
    })

    const code = (
      await client.request('com.atproto.server.createInviteCode', { as, body: { useCount: 1 } })
    ).body.code
    await client.request('com.atproto.server.createInviteCode', {
      as,
      body: { useCount: 3, forAccount: did },
    })
    for (const query of [
      {},
      { limit: 1 },
      { sort: 'recent' },
      { sort: 'x' },
      { limit: 0 },
      { limit: 501 },
      { cursor: 'x' },
    ]) {
      await ask(JSON.stringify(query), 'getInviteCodes', query as Record<string, string | number>)
    }
    const { body: byUse } = await client.request('com.atproto.admin.getInviteCodes', {
      as,
      query: { sort: 'usage' },
    })
    // Codes with the same number of uses come in any order.
    client.record('by use: com.atproto.admin.getInviteCodes', Object.keys(byUse).sort())
    await send('the admin’s', 'disableInviteCodes', { accounts: ['admin'] })
    await send('nothing', 'disableInviteCodes', {})
    await send('some', 'disableInviteCodes', { codes: [code], accounts: [did] })
    await ask('disabled', 'getInviteCodes')
    await send('good', 'disableAccountInvites', { account: did, note: 'n' })
    await ask('without invites', 'getAccountInfo', { did })
    await send('good', 'enableAccountInvites', { account: did })
    await send('unknown account', 'disableAccountInvites', { account: unknownDid })
    await client.subscribe(ben)
    await send('good', 'deleteAccount', { did })
    await client.events('deleted')
    await ask('deleted', 'getAccountInfo', { did })
    await send('unknown account', 'deleteAccount', { did: unknownDid })
    await client.events('unknown account deleted')
  },
}
