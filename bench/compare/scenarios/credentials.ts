/** Every method with every kind of credentials. */

import { createAccount, writeRecord } from '../accounts.ts'
import { credentialsOf } from '../credentials.ts'
import { everyMethod } from '../every-method.ts'
import { createExternalAccount } from '../external-account.ts'
import type { Scenario } from '../scenario.ts'

export const credentials: Scenario = {
  name: 'credentials',
  environment: 'alone',
  async run(visitor) {
    const stranger = await createExternalAccount(visitor, 'cred-stranger')
    const other = await createAccount(visitor, 'cred-other')
    const person = await createAccount(visitor, 'cred-person')
    await writeRecord(visitor, person, 'one')
    const kinds = await credentialsOf(visitor, person, stranger)
    for (const { changesState, ...probe } of everyMethod(person, other)) {
      const meant = { access: 'access token', refresh: 'refresh token', admin: 'admin' }
      const good = probe.credentials && meant[probe.credentials]
      for (const [kind, authorization] of Object.entries(kinds)) {
        // Methods that change the account are called only with credentials that cannot succeed.
        if (changesState && (kind === good || kind === 'a token of a takendown account')) continue
        await visitor.call(kind, probe.method, { ...probe, as: authorization(probe.method) })
      }
    }
  },
}
