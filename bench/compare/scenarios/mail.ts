/** com.atproto.server: email addresses and codes, app passwords and signing keys. */
import { createAccount } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const server = 'com.atproto.server'

export const mail: Scenario = {
  name: 'email',
  environment: 'alone',
  async run(client) {
    await createAccount(client, 'mail-other')
    const { access: as, email, handle, did } = await createAccount(client, 'mailed')
    const request = (method: string, what = 'asked') =>
      client.call(what, `${server}.${method}`, { as, verb: 'POST' })
    const send = (what: string, method: string, body: object, by: string | undefined = as) =>
      client.call(what, `${server}.${method}`, { as: by, body })

    await send('no code yet', 'confirmEmail', { email, token: 'AAAAA-AAAAA' })
    await request('requestEmailConfirmation')
    const confirmation = await client.services.emailedCode(email)
    await send('another address', 'confirmEmail', { email: 'x@example.com', token: confirmation })
    await send('a wrong code', 'confirmEmail', { email, token: 'AAAAA-AAAAA' })
    await send('in lower case', 'confirmEmail', {
      email: 'MAILED@example.com',
      token: confirmation.toLowerCase(),
    })
    await send('used up', 'confirmEmail', { email, token: confirmation })
    await client.call('confirmed', `${server}.getSession`, { as })
    await request('requestEmailConfirmation', 'confirmed already')

    await request('requestEmailUpdate')
    const update = await client.services.emailedCode(email, confirmation)
    const next = 'mail-next@example.com'
    await send('without a code', 'updateEmail', { email: next })
    await send('a wrong code', 'updateEmail', { email: next, token: 'AAAAA-AAAAA' })
    await send('a bad address', 'updateEmail', { email: 'nonsense', token: update })
    await send('a disposable address', 'updateEmail', { email: 'a@mailinator.com', token: update })
    await send('a taken address', 'updateEmail', { email: 'mail-other@example.com', token: update })
    await send('a good one', 'updateEmail', { email: next, token: update, emailAuthFactor: true })
    await client.call('updated', `${server}.getSession`, { as })
    await request('requestEmailUpdate', 'not confirmed')
    await send('without a code, not confirmed', 'updateEmail', { email })

    await send(
      'unknown account',
      'requestPasswordReset',
      { email: 'nobody@example.com' },
      undefined,
    )
    await send('no address', 'requestPasswordReset', { email: 'x' }, undefined)
    await send('asked', 'requestPasswordReset', { email: 'Mailed@example.com' }, undefined)
    const reset = await client.services.emailedCode(email, update)
    await send(
      'a wrong code',
      'resetPassword',
      { token: 'AAAAA-AAAAA', password: 'next' },
      undefined,
    )
    await send(
      'a long password',
      'resetPassword',
      { token: reset, password: 'x'.repeat(257) },
      undefined,
    )
    await send('good', 'resetPassword', { token: reset, password: 'next' }, undefined)
    await send('used up', 'resetPassword', { token: reset, password: 'next' }, undefined)
    await send(
      'the new password',
      'createSession',
      { identifier: handle, password: 'next' },
      undefined,
    )
    await request('requestAccountDelete')
    const end = await client.services.emailedCode(email, reset)
    const deletion = { did, password: 'next', token: end }
    await send('a wrong password', 'deleteAccount', { ...deletion, password: 'wrong' }, undefined)
    await send('a wrong code', 'deleteAccount', { ...deletion, token: 'AAAAA-AAAAA' }, undefined)
    await send(
      'another account',
      'deleteAccount',
      { ...deletion, did: `did:plc:${'a'.repeat(24)}` },
      undefined,
    )
    await client.subscribe(await createAccount(client, 'mail-marker'))
    await send('good', 'deleteAccount', deletion, undefined)
    await client.events('deleted')
    await send('again', 'deleteAccount', deletion, undefined)
    await client.call('deleted', 'com.atproto.sync.getRepoStatus', { query: { did } })
    await client.call('deleted', 'com.atproto.sync.listRepos', { query: { limit: 1 } })
    await createAccount(client, 'mailed').then(
      () => client.record('the name is free again', true),
      (error) => client.record('the name is free again', String(error)),
    )
  },
}

export const appPasswords: Scenario = {
  name: 'app passwords',
  environment: 'alone',
  async run(client) {
    const { access: as, did } = await createAccount(client, 'app-person')
    const send = (what: string, method: string, body: object) =>
      client.call(what, `${server}.${method}`, { as, body })
    const { body: one } = await send('good', 'createAppPassword', { name: 'one' })
    await send('privileged', 'createAppPassword', { name: 'two', privileged: true })
    await send('the same name', 'createAppPassword', { name: 'one' })
    await send('an empty name', 'createAppPassword', { name: '' })
    await client.call('good', `${server}.listAppPasswords`, { as })
    const identifier = did
    const { body: session } = await send('with it', 'createSession', {
      identifier,
      password: one.password,
    })
    const bearer = `Bearer ${session.accessJwt}`
    await client.call('by app password', `${server}.getSession`, { as: bearer })
    for (const lxm of [
      'chat.bsky.convo.listConvos',
      `${server}.createAccount`,
      'com.example.do',
      `${server}.getSession`,
    ]) {
      const query = { aud: 'did:web:example.com', lxm }
      await client.call(`by app password ${lxm}`, `${server}.getServiceAuth`, {
        as: bearer,
        query,
      })
    }
    await send('good', 'revokeAppPassword', { name: 'one' })
    await send('again', 'revokeAppPassword', { name: 'one' })
    await client.call('revoked', `${server}.refreshSession`, {
      as: `Bearer ${session.refreshJwt}`,
      verb: 'POST',
    })
    await client.call('revoked', `${server}.getSession`, { as: bearer })
    await send('revoked', 'createSession', { identifier, password: one.password })
  },
}

export const serviceAuth: Scenario = {
  name: 'service auth and keys',
  environment: 'alone',
  async run(client) {
    const { access: as, did } = await createAccount(client, 'auth-person')
    const aud = 'did:web:example.com'
    const now = Math.floor(Date.now() / 1000)
    const options: Record<string, Record<string, string | number>> = {
      'no lxm': { aud },
      'with lxm': { aud, lxm: 'com.example.do' },
      'a service of a DID': { aud: `${aud}#service`, lxm: 'com.example.do' },
      'a bad aud': { aud: 'example.com' },
      'two services': { aud: `${aud}#a#b` },
      'in the past': { aud, exp: now - 10 },
      'an hour without lxm': { aud, exp: now + 3600 },
      'almost an hour': { aud, lxm: 'com.example.do', exp: now + 3500 },
      'two hours': { aud, lxm: 'com.example.do', exp: now + 7200 },
      'no number': { aud, exp: 'soon' },
      'a protected method': { aud, lxm: 'com.atproto.server.getSession' },
      'a bad lxm': { aud, lxm: 'nothing' },
    }
    for (const [what, query] of Object.entries(options)) {
      await client.call(what, `${server}.getServiceAuth`, { as, query })
    }
    await client.call('no did', `${server}.reserveSigningKey`, { body: {} })
    const foreign = { did: `did:plc:${'b'.repeat(24)}` }
    const { body: key } = await client.call('a did', `${server}.reserveSigningKey`, {
      body: foreign,
    })
    const { body: again } = await client.call('again', `${server}.reserveSigningKey`, {
      body: foreign,
    })
    client.record('the same key again', key.signingKey === again.signingKey)
    await client.call('a did of this server', `${server}.reserveSigningKey`, { body: { did } })
    await client.call('a bad did', `${server}.reserveSigningKey`, { body: { did: 'x' } })
    await client.call('', `${server}.describeServer`)
    await client.call('', 'com.atproto.temp.checkSignupQueue', { as })
    await client.call('codes', `${server}.createInviteCode`, {
      as: adminAuthorization,
      body: { useCount: 2, forAccount: did },
    })
    await client.call('for an unknown account', `${server}.createInviteCode`, {
      as: adminAuthorization,
      body: { useCount: 1, forAccount: 'x' },
    })
    await client.call('none', `${server}.createInviteCode`, {
      as: adminAuthorization,
      body: { useCount: 0 },
    })
    await client.call('codes', `${server}.createInviteCodes`, {
      as: adminAuthorization,
      body: { codeCount: 2, useCount: 1, forAccounts: [did] },
    })
    for (const query of [{}, { includeUsed: false, createAvailable: false }]) {
      const { status, body } = await client.request(`${server}.getAccountInviteCodes`, {
        as,
        query,
      })
      const uses = (code: { available: number }) => code.available
      // Codes created at the same time come in any order.
      const codes = body.codes?.sort((a: never, b: never) => uses(a) - uses(b))
      client.record(`${JSON.stringify(query)}: ${server}.getAccountInviteCodes`, {
        status,
        ...body,
        codes,
      })
    }
  },
}
