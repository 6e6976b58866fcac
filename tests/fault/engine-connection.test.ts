import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { startServer } from '#tests/support/server.ts'
import { TcpProxy } from '#tests/support/tcp-proxy.ts'

let dir: string
let engine: EmbeddedEngine
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-cable-'))
  engine = await startEngine({
    dir,
    token: 'a token',
    port: undefined,
    hasRemoteActors: true,
    log: createLog('silent'),
  })
})
afterEach(async () => {
  await engine.stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 10 })
})

const placeOf = (endpoint: string) => ({
  RIVET_ENDPOINT: endpoint,
  RIVET_TOKEN: 'a token',
  PDS_ENGINE_DIRECTORY: dir,
})

/**
 * The writes in progress succeed, and their answers are lost: each is stored, and its caller cannot know.
 */
it('a broken connection between server and engine, whose responses are lost, repeats nothing', async () => {
  await using proxy = await TcpProxy.open(engine.endpoint)
  await using server = await startServer({ env: placeOf(proxy.endpoint) })
  const crashTest = new CrashTest(server, await createAccounts(server))
  for (let round = 1; round <= 3; round++) {
    await crashTest.round(async () => {
      proxy.dropResponses()
      await pause(200)
      proxy.resetConnections()
    }, true)
  }
  const { unacknowledgedPresent } = await crashTest.finish('answers of the engine lost')
  expect(unacknowledgedPresent).toBeGreaterThan(0)
})

it('kill -9 of the actors while gateway and engine run loses, repeats and reorders nothing', async () => {
  await using server = await startServer({ roles: 'split', env: placeOf(engine.endpoint) })
  const crashTest = new CrashTest(server, await createAccounts(server))
  await crashTest.round(() => server.crashActors(), true)
  await crashTest.finish('kill -9 of the actors, apart from gateway and engine')
})
