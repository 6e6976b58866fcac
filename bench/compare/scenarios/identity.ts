/** com.atproto.identity: resolving and changing handles, and PLC operations. */
import { createAccount } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

const identityMethods = 'com.atproto.identity'

export const identity: Scenario = {
  name: 'identity',
  environment: 'alone',
  async run(client) {
    const other = await createAccount(client, 'id-other')
    const { did, access: as, handle, email } = await createAccount(client, 'id-person')
    await client.subscribe(other)
    const resolve = (name: string) =>
      client.call(`of ${name}`, `${identityMethods}.resolveHandle`, { query: { handle: name } })
    for (const name of [
      handle,
      'ID-person.TEST',
      'nobody.test',
      'a.b.test',
      'x',
      'localhost',
      'abc.invalid',
      'test',
    ]) {
      await resolve(name)
    }
    const change = (what: string, next: string) =>
      client.call(what, `${identityMethods}.updateHandle`, { as, body: { handle: next } })
    await change('taken', other.handle)
    await change('too short', 'ab.test')
    await change('two labels', 'a.b.test')
    await change('reserved', 'admin.test')
    await change('a slur', 'nigger.test')
    await change('no handle', 'x')
    await change('a top-level domain of no use', 'abc.local')
    await change('of an unknown account', 'nothing-here.example')
    await change('the host', 'localhost')
    await client.skipEvents()
    await change('good', 'Id-Next.test')
    await client.events('good')
    await change('the same', 'id-next.test')
    await client.events('the same')
    await resolve(handle)
    await resolve('id-next.test')
    await client.call('changed', 'com.atproto.server.getSession', { as })
    await client.call('changed', 'com.atproto.repo.describeRepo', { query: { repo: did } })
    const { body: advice } = await client.call(
      '',
      `${identityMethods}.getRecommendedDidCredentials`,
      { as },
    )
    await client.call('', `${identityMethods}.requestPlcOperationSignature`, { as, verb: 'POST' })
    const token = await client.services.emailedCode(email)
    const sign = (what: string, body: object) =>
      client.call(what, `${identityMethods}.signPlcOperation`, { as, body })
    await sign('no code', {})
    await sign('a wrong code', { token: 'AAAAA-AAAAA' })
    const { body: signed } = await sign('good', {
      token,
      alsoKnownAs: ['at://elsewhere.example.com'],
    })
    await sign('used up', { token })
    const submit = (what: string, operation: unknown) =>
      client.call(what, `${identityMethods}.submitPlcOperation`, { as, body: { operation } })
    await submit('another handle', signed.operation)
    await submit('nothing', {})
    await submit('no operation', undefined)
    const right = { ...signed.operation, ...advice }
    await submit('a wrong signature', right)
    await submit('another key', { ...right, rotationKeys: [] })
    await submit('another server', {
      ...right,
      services: {
        atproto_pds: { ...advice.services.atproto_pds, endpoint: 'https://example.com' },
      },
    })
    await submit('another type', {
      ...right,
      services: { atproto_pds: { ...advice.services.atproto_pds, type: 'x' } },
    })
    await submit('another signing key', { ...right, verificationMethods: { atproto: 'did:key:x' } })
    await client.call('again', `${identityMethods}.requestPlcOperationSignature`, {
      as,
      verb: 'POST',
    })
    const next = await client.services.emailedCode(email, token)
    const { body: good } = await sign('as it should be', { token: next })
    await client.skipEvents()
    await submit('good', good.operation)
    await client.events('submitted')
    await submit('again', good.operation)
    await client.call('by the admin', 'com.atproto.admin.updateAccountHandle', {
      as: adminAuthorization,
      body: { did, handle: 'id-third.test' },
    })
    await client.events('by the admin')
    const { body: log } = {
      body: await fetch(`${client.plcUrl}/${did}/log`).then((r) => r.json()),
    }
    client.record('operations', log)
  },
}
