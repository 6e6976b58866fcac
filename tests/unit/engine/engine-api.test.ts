/** What is asked of the engine's API, and what its answers mean. */
import { expect, it } from 'vitest'
import { EngineApiError, findEnvoy, listEnvoys } from '#src/engine/engine-api.ts'
import { startFakeEngineApi } from '#tests/support/fake-engine-api.ts'

const envoys = [{ envoy_key: 'a', last_ping_ts: 5 }]

it('a process is connected if the engine lists it', async () => {
  await using api = await startFakeEngineApi(() => ({ body: { envoys } }))
  expect(await findEnvoy(api.engine, 'a')).toEqual(envoys[0])
  expect(await findEnvoy(api.engine, 'b')).toBeUndefined()
})

it('the processes of the pool of our actors are listed, with the token', async () => {
  await using api = await startFakeEngineApi(() => ({ body: { envoys } }))
  expect(await listEnvoys(api.engine)).toEqual(envoys)
  const url = 'GET /envoys?namespace=mine&name=default&limit=1000'
  expect(api.requests).toEqual([{ url, authorization: 'Bearer secret' }])
})

it('an error of the engine is not taken for an answer', async () => {
  await using api = await startFakeEngineApi(() => ({ status: 500, body: { envoys } }))
  const asked = listEnvoys(api.engine)
  await expect(asked).rejects.toThrow('The engine answered 500 to /envoys')
  await expect(asked).rejects.toMatchObject({ status: 500, constructor: EngineApiError })
})
