/** Every method about, and by, an account in each state. */
import { everyMethod, fitting } from '../every-method.ts'
import { createPerson, narrow, personIn, type State, states } from '../people.ts'
import type { Scenario, World } from '../scenario.ts'
import { admin } from '../services.ts'

export const everyState: Scenario[] = [
  ...states.map((state) => inState(state, 'alone')),
  ...states.map((state) => inState(state, 'served')),
]

function inState(state: State, world: World): Scenario {
  return {
    name: `state ${state}`,
    world,
    async run(visitor) {
      const name = (what: string) => `${state.slice(0, 6)}-${what}`
      const other = await createPerson(visitor, name('other'))
      const person = await personIn(visitor, state, name('person'))
      await visitor.listen(other)
      let made = 0
      for (const probe of everyMethod(person, other)) {
        const { method, harms, shows } = probe
        const subject = harms ? await personIn(visitor, state, name(`p${++made}`)) : person
        if (harms) await visitor.passOver()
        const again = everyMethod(subject, other).find((one) => one.method === method)
        const ask = harms ? again! : probe
        await visitor.call('as meant', method, { ...ask, as: fitting(ask, subject) })
        if (!shows) {
          await visitor.call('by itself', method, { ...ask, as: subject.access })
          await visitor.call('by the admin', method, { ...ask, as: admin })
        }
        if (state === 'takendown' && shows !== 'admin') {
          await visitor.call('by its narrow session', method, { ...ask, as: narrow(subject) })
        }
        if (harms) await visitor.events(`after ${method}`)
      }
    },
  }
}
