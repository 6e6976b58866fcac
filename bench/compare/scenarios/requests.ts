/** Every method with a wrong verb, no input, too much input, and a malformed body. */

import { createAccount, writeRecord } from '../accounts.ts'
import { everyMethod, fittingCredentials } from '../every-method.ts'
import type { Scenario } from '../scenario.ts'

const text = { 'content-type': 'text/plain' }

export const requests: Scenario = {
  name: 'requests',
  environment: 'alone',
  async run(visitor) {
    const other = await createAccount(visitor, 'req-other')
    const person = await createAccount(visitor, 'req-person')
    await writeRecord(visitor, person, 'one')
    for (const probe of everyMethod(person, other)) {
      const { method, verb, headers, query, changesState } = probe
      const as = fittingCredentials(probe, person)
      const isQuery = verb === 'GET'
      await visitor.call('wrong verb', method, { as, verb: isQuery ? 'POST' : 'GET' })
      await visitor.call('PUT', method, { as, verb: 'PUT' })
      await visitor.call('OPTIONS', method, {
        verb: 'OPTIONS',
        headers: { origin: 'https://example.com', 'access-control-request-method': verb },
      })
      if (changesState) continue
      if (isQuery) {
        await visitor.call('HEAD', method, {
          as,
          verb: 'HEAD',
          ...(query !== undefined && { query }),
        })
        await visitor.call('no parameters', method, { as })
        await visitor.call('an unknown parameter', method, { as, query: 'nothing=1' })
        await visitor.call('a body for a query', method, { ...probe, as, body: {} })
        continue
      }
      const isJson = headers === undefined
      await visitor.call('no body', method, { as, verb })
      await visitor.call('an empty object', method, { as, body: {} })
      await visitor.call('an array', method, { as, body: [] })
      await visitor.call('null', method, { as, body: 'null' })
      if (isJson) await visitor.call('half a JSON', method, { as, body: '{"a":' })
      if (isJson) await visitor.call('text', method, { as, body: 'text', headers: text })
      await visitor.call('no type', method, { as, body: '{}', headers: { 'content-type': '' } })
    }
  },
}
