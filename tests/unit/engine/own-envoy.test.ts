/** Under which key the engine knows this process. */
import { expect, it } from 'vitest'
import { joinWithKey } from '#src/engine/own-envoy.ts'

const engine = { endpoint: 'http://engine', token: 'token', namespace: 'default' }

function join(joining: string[], fails = false) {
  const listed = ['other']
  const list = async () => {
    if (fails) throw new Error('the engine is busy')
    return listed.map((envoy_key) => ({ envoy_key }))
  }
  return joinWithKey(engine, async () => listed.push(...joining), { list, enteredMs: 1 })
}

it.each([
  ['joined alone is', ['own'], 'own'],
  ['joined together with another one is not', ['own', 'another'], undefined],
  ['the engine does not list is not', [], undefined],
])('the key of a process that %s known', async (_, joining, expected) => {
  expect(await (await join(joining)).envoyKey).toBe(expected)
})

it('a process joins if the engine does not list any', async () => {
  expect(await (await join(['own'], true)).envoyKey).toBeUndefined()
})
