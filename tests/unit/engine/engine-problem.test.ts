import { expect, it } from 'vitest'
import { engineProblem } from '#src/engine/engine-problem.ts'
import { startFakeEngineApi } from '#tests/support/fake-engine-api.ts'

it.each([
  ['an engine that answers', 200, () => undefined],
  ['a wrong token', 403, (url: string) => `the engine at ${url} refuses RIVET_TOKEN`],
  ['another server', 404, (url: string) => `the engine at ${url} answers 404`],
])('the problem with %s', async (_, status, problem) => {
  await using api = await startFakeEngineApi(() => ({ status, body: { envoys: [] } }))
  expect(await engineProblem(api.engine)).toBe(problem(api.engine.endpoint))
})

it('the problem with an engine that does not run', async () => {
  const api = await startFakeEngineApi(() => ({ body: {} }))
  await api[Symbol.asyncDispose]()
  const { endpoint } = api.engine
  expect(await engineProblem(api.engine)).toBe(
    `the engine at ${endpoint} does not answer (ECONNREFUSED): does it run, and is RIVET_ENDPOINT right?`,
  )
})

it('an engine that is late once is not a problem', async () => {
  let asked = 0
  await using api = await startFakeEngineApi(() =>
    asked++ === 0 ? undefined : { body: { envoys: [] } },
  )
  expect(await engineProblem(api.engine, 500)).toBeUndefined()
  expect(asked).toBe(2)
})
