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

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)

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
 * The writes in progress succeed, and their answers are lost. Calls that are made again get the answers of the first.
 */
it('a broken connection between server and engine, whose responses are lost, repeats nothing', async () => {
  await using proxy = await TcpProxy.open(engine.endpoint)
  await using server = await startServer({ env: placeOf(proxy.endpoint) })
  const crashTest = new CrashTest(server, await createAccounts(server))
  for (let round = 1; round <= rounds; round++) {
    await crashTest.round(async () => {
      proxy.dropResponses()
      await pause(200)
      proxy.resetConnections()
    }, true)
  }
  await crashTest.finish('answers of the engine lost')
  expect(proxy.droppedBytes).toBeGreaterThan(0)
})
