/** Relays that are asked to crawl. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPerson, writePost } from '../people.ts'
import type { Scenario } from '../scenario.ts'

export const crawlers: Scenario = {
  name: 'crawlers',
  world: 'served',
  async run(visitor) {
    const { heard } = visitor.services.relay
    const person = await createPerson(visitor, 'crawled')
    for (let waits = 0; waits < 200 && heard.length === 0; waits++) await sleep(25)
    await writePost(visitor, person, 'one')
    await visitor.listen(person)
    const asked = heard.map(({ verb, path, headers, body }) => ({
      ...{ verb, path, body: String(body) },
      type: headers['content-type'],
      authorization: headers.authorization,
    }))
    visitor.note('what a relay was asked', asked)
  },
}
