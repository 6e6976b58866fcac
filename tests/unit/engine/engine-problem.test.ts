import { expect, it } from 'vitest'
import { engineProblem } from '#src/engine/engine-problem.ts'

const engine = { endpoint: 'http://engine.test:6420', token: 't', namespace: 'default' }
const answering = (status: number) => async () => new Response('{}', { status })
const unreachable = async () => {
  throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
}

it.each([
  ['an engine that answers', answering(200), undefined],
  ['a wrong token', answering(403), 'the engine at http://engine.test:6420 refuses RIVET_TOKEN'],
  ['another server', answering(404), 'the engine at http://engine.test:6420 answers 404'],
  [
    'no engine',
    unreachable,
    'the engine at http://engine.test:6420 does not answer (ECONNREFUSED): does it run, and is RIVET_ENDPOINT right?',
  ],
])('the problem with %s', async (_, fetch, problem) => {
  expect(await engineProblem(engine, fetch)).toBe(problem)
})
