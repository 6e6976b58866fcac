/** requestCrawl to relays after new events. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createAccount, writeRecord } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'

export const crawlers: Scenario = {
  name: 'crawlers',
  environment: 'served',
  async run(client) {
    const { requests } = client.services.relay
    const account = await createAccount(client, 'crawled')
    for (let waits = 0; waits < 200 && requests.length === 0; waits++) await sleep(25)
    await writeRecord(client, account, 'one')
    await client.subscribe(account)
    const attempt = requests.map(({ method, path, headers, body }) => ({
      ...{ verb: method, path, body: String(body) },
      type: headers['content-type'],
      authorization: headers.authorization,
    }))
    client.record('requests to the relay', attempt)
  },
}
