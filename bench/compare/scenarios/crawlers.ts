/** requestCrawl to relays after new events. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createAccount, writeRecord } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'

export const crawlers: Scenario = {
  name: 'crawlers',
  environment: 'served',
  async run(visitor) {
    const { requests } = visitor.services.relay
    const person = await createAccount(visitor, 'crawled')
    for (let waits = 0; waits < 200 && requests.length === 0; waits++) await sleep(25)
    await writeRecord(visitor, person, 'one')
    await visitor.subscribe(person)
    const asked = requests.map(({ method, path, headers, body }) => ({
      ...{ verb: method, path, body: String(body) },
      type: headers['content-type'],
      authorization: headers.authorization,
    }))
    visitor.record('what a relay was asked', asked)
  },
}
