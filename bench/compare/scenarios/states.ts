/** Every method about, and by, an account in each state. */

import {
  type AccountState,
  accountInState,
  accountStates,
  createAccount,
  takendownToken,
} from '../accounts.ts'
import { everyMethod, fittingCredentials } from '../every-method.ts'
import type { Environment, Scenario } from '../scenario.ts'
import { adminAuthorization } from '../services.ts'

export const everyState: Scenario[] = [
  ...accountStates.map((state) => inState(state, 'alone')),
  ...accountStates.map((state) => inState(state, 'served')),
]

function inState(state: AccountState, environment: Environment): Scenario {
  return {
    name: `state ${state}`,
    environment: environment,
    async run(client) {
      const name = (what: string) => `${state.slice(0, 6)}-${what}`
      const other = await createAccount(client, name('other'))
      const account = await accountInState(client, state, name('person'))
      await client.subscribe(other)
      let made = 0
      for (const probe of everyMethod(account, other)) {
        const { method, changesState, credentials } = probe
        const subject = changesState
          ? await accountInState(client, state, name(`p${++made}`))
          : account
        if (changesState) await client.skipEvents()
        const again = everyMethod(subject, other).find((one) => one.method === method)
        const ask = changesState ? again! : probe
        await client.call('as meant', method, { ...ask, as: fittingCredentials(ask, subject) })
        if (!credentials) {
          await client.call('by itself', method, { ...ask, as: subject.access })
          await client.call('by the admin', method, { ...ask, as: adminAuthorization })
        }
        if (state === 'takendown' && credentials !== 'admin') {
          await client.call('by its narrow session', method, {
            ...ask,
            as: takendownToken(subject),
          })
        }
        if (changesState) await client.events(`after ${method}`)
      }
    },
  }
}
