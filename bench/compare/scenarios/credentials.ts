/** Every method with every kind of credentials. */
import { credentialsOf } from '../credentials.ts'
import { everyMethod } from '../every-method.ts'
import { newStranger } from '../newcomer.ts'
import { createPerson, writePost } from '../people.ts'
import type { Scenario } from '../scenario.ts'

export const credentials: Scenario = {
  name: 'credentials',
  world: 'alone',
  async run(visitor) {
    const stranger = await newStranger(visitor, 'cred-stranger')
    const other = await createPerson(visitor, 'cred-other')
    const person = await createPerson(visitor, 'cred-person')
    await writePost(visitor, person, 'one')
    const kinds = await credentialsOf(visitor, person, stranger)
    for (const { harms, ...probe } of everyMethod(person, other)) {
      const meant = { access: 'access token', refresh: 'refresh token', admin: 'admin' }
      const good = probe.shows && meant[probe.shows]
      for (const [kind, authorization] of Object.entries(kinds)) {
        // What would change the account is asked with what cannot succeed only.
        if (harms && (kind === good || kind === 'a token of a takendown account')) continue
        await visitor.call(kind, probe.method, { ...probe, as: authorization(probe.method) })
      }
    }
  },
}
