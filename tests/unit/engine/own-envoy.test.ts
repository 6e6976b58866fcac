/** Under which key the engine knows this process. */
import { expect, it } from 'vitest'
import { findMarkedEnvoy } from '#src/engine/own-envoy.ts'
import { startFakeEngineApi } from '#tests/support/fake-engine-api.ts'

const { signal } = new AbortController()

function envoy(envoy_key: string, version?: string) {
  return { envoy_key, last_ping_ts: 0, metadata: version ? { rivetkit: { version } } : null }
}

it('processes that join at the same time know which of them they are', async () => {
  const envoys = [envoy('new'), envoy('one', '2.3.19+a'), envoy('other', '2.3.19+b')]
  await using api = await startFakeEngineApi(() => ({ body: { envoys } }))
  expect(await findMarkedEnvoy(api.engine, 'a', signal)).toBe('one')
  expect(await findMarkedEnvoy(api.engine, 'b', signal)).toBe('other')
})

it('a process waits until the engine runs, lists it and has its version', async () => {
  const answers = [
    { status: 503, body: {} },
    { body: { envoys: [] } },
    { body: { envoys: [envoy('own')] } },
    { body: { envoys: [envoy('own', '2.3.19+a')] } },
  ]
  await using api = await startFakeEngineApi(() => answers.shift() ?? { status: 500, body: {} })
  expect(await findMarkedEnvoy(api.engine, 'a', signal)).toBe('own')
  expect(answers).toEqual([])
})

it('a process that stops does not wait for its key any longer', async () => {
  await using api = await startFakeEngineApi(() => ({ body: { envoys: [] } }))
  const stopping = new AbortController()
  const found = findMarkedEnvoy(api.engine, 'a', stopping.signal)
  stopping.abort()
  expect(await found).toBeUndefined()
})
