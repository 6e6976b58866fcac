/** Every method with every kind of credentials. */

import { createAccount, writeRecord } from '../accounts.ts'
import { credentialsOf } from '../credentials.ts'
import { everyMethod } from '../every-method.ts'
import { createExternalAccount } from '../external-account.ts'
import type { Scenario } from '../scenario.ts'

export const credentials: Scenario = {
  name: 'credentials',
  environment: 'alone',
  async run(client) {
    const external = await createExternalAccount(client, 'cred-external')
    const other = await createAccount(client, 'cred-other')
    const account = await createAccount(client, 'cred-person')
    await writeRecord(client, account, 'one')
    const kinds = await credentialsOf(client, account, external)
    for (const { changesState, ...probe } of everyMethod(account, other)) {
      const meant = { access: 'access token', refresh: 'refresh token', admin: 'admin' }
      const good = probe.credentials && meant[probe.credentials]
      for (const [kind, authorization] of Object.entries(kinds)) {
        // Methods that change the account are called only with credentials that cannot succeed.
        if (changesState && (kind === good || kind === 'a token of a takendown account')) continue
        await client.call(kind, probe.method, { ...probe, as: authorization(probe.method) })
      }
    }
  },
}
