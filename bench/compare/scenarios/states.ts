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

function inState(state: AccountState, world: Environment): Scenario {
  return {
    name: `state ${state}`,
    environment: world,
    async run(visitor) {
      const name = (what: string) => `${state.slice(0, 6)}-${what}`
      const other = await createAccount(visitor, name('other'))
      const person = await accountInState(visitor, state, name('person'))
      await visitor.subscribe(other)
      let made = 0
      for (const probe of everyMethod(person, other)) {
        const { method, changesState, credentials } = probe
        const subject = changesState
          ? await accountInState(visitor, state, name(`p${++made}`))
          : person
        if (changesState) await visitor.skipEvents()
        const again = everyMethod(subject, other).find((one) => one.method === method)
        const ask = changesState ? again! : probe
        await visitor.call('as meant', method, { ...ask, as: fittingCredentials(ask, subject) })
        if (!credentials) {
          await visitor.call('by itself', method, { ...ask, as: subject.access })
          await visitor.call('by the admin', method, { ...ask, as: adminAuthorization })
        }
        if (state === 'takendown' && credentials !== 'admin') {
          await visitor.call('by its narrow session', method, {
            ...ask,
            as: takendownToken(subject),
          })
        }
        if (changesState) await visitor.events(`after ${method}`)
      }
    },
  }
}
