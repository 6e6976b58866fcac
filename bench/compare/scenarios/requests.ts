/** Every method with a wrong verb, no input, too much input, and a malformed body. */

import { createAccount, writeRecord } from '../accounts.ts'
import { everyMethod, fittingCredentials } from '../every-method.ts'
import type { Scenario } from '../scenario.ts'

const text = { 'content-type': 'text/plain' }

export const requests: Scenario = {
  name: 'requests',
  environment: 'alone',
  async run(client) {
    const other = await createAccount(client, 'req-other')
    const account = await createAccount(client, 'req-person')
    await writeRecord(client, account, 'one')
    for (const probe of everyMethod(account, other)) {
      const { method, verb, headers, query, changesState } = probe
      const as = fittingCredentials(probe, account)
      const isQuery = verb === 'GET'
      await client.call('wrong verb', method, { as, verb: isQuery ? 'POST' : 'GET' })
      await client.call('PUT', method, { as, verb: 'PUT' })
      await client.call('OPTIONS', method, {
        verb: 'OPTIONS',
        headers: { origin: 'https://example.com', 'access-control-request-method': verb },
      })
      if (changesState) continue
      if (isQuery) {
        await client.call('HEAD', method, {
          as,
          verb: 'HEAD',
          ...(query !== undefined && { query }),
        })
        await client.call('no parameters', method, { as })
        await client.call('an unknown parameter', method, { as, query: 'nothing=1' })
        await client.call('a body for a query', method, { ...probe, as, body: {} })
        continue
      }
      const isJson = headers === undefined
      await client.call('no body', method, { as, verb })
      await client.call('an empty object', method, { as, body: {} })
      await client.call('an array', method, { as, body: [] })
      await client.call('null', method, { as, body: 'null' })
      if (isJson) await client.call('half a JSON', method, { as, body: '{"a":' })
      if (isJson) await client.call('text', method, { as, body: 'text', headers: text })
      await client.call('no type', method, { as, body: '{}', headers: { 'content-type': '' } })
    }
  },
}
