import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'
import { Cable } from '#tests/helpers/cable.ts'
import { createAccounts, Ordeal } from '#tests/helpers/ordeal.ts'
import { startServer } from '#tests/helpers/server.ts'

let dir: string
let engine: EmbeddedEngine
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-cable-'))
  engine = await startEngine({
    dir,
    token: 'a token',
    port: undefined,
    actorsElsewhere: true,
    log: createLog('silent'),
  })
})
afterEach(async () => {
  await engine.stop()
  rmSync(dir, { recursive: true, force: true, maxRetries: 10 })
})

const placeOf = (endpoint: string) => ({ RIVET_ENDPOINT: endpoint, RIVET_TOKEN: 'a token' })

/** What was under way is done, and nobody hears of it: each of these writes is there, and its caller cannot know. */
it('a cut between server and engine, after which the answers are lost, repeats nothing', async () => {
  await using cable = await Cable.to(engine.endpoint)
  await using server = await startServer({ env: placeOf(cable.endpoint) })
  const ordeal = new Ordeal(server, await createAccounts(server))
  for (let round = 1; round <= 3; round++) {
    await ordeal.round(async () => {
      cable.loseAnswers()
      await pause(200)
      cable.cut()
    }, true)
  }
  const { unknownThere } = await ordeal.end('answers of the engine lost')
  expect(unknownThere).toBeGreaterThan(0)
})

it('kill -9 of the actors, while gateway and engine live on, loses, repeats and reorders nothing', async () => {
  await using server = await startServer({ roles: 'split', env: placeOf(engine.endpoint) })
  const ordeal = new Ordeal(server, await createAccounts(server))
  await ordeal.round(() => server.crashActors(), true)
  await ordeal.end('kill -9 of the actors, apart from gateway and engine')
})
