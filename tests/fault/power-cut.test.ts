import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { type Cut, cutPower, recordingSyncs } from '#tests/support/power-cut.ts'
import { createTestAccount, startServer } from '#tests/support/server.ts'

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)

let folder: string
let record: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-syncs-'))
  record = join(folder, 'syncs')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a power cut under write load loses, repeats and reorders nothing that was acknowledged', async () => {
  await using server = await startServer({ env: recordingSyncs(record) })
  const crashTest = new CrashTest(server, await createAccounts(server))
  const cuts: Cut[] = []
  for (let round = 1; round <= rounds; round++) {
    await crashTest.round(async () => cuts.push(await cutPower(server, record)), false)
    await server.start()
    await crashTest.expectAllSequenced()
  }
  expect(server.logs).not.toContain('LOST ITS END')
  process.stdout.write(`power cuts: ${JSON.stringify(cuts)}\n`)
  await crashTest.finish('power cut')
})

it('the same cut loses what was acknowledged if the server does not sync', async () => {
  const env = { ...recordingSyncs(record), PDS_DURABILITY: 'process' }
  await using server = await startServer({ env })
  const { agent, did } = await createTestAccount(server, 'ann')
  expect((await agent.com.atproto.repo.describeRepo({ repo: did })).data.did).toBe(did)
  const { cutBytes } = await cutPower(server, record)
  expect(cutBytes).toBeGreaterThan(0)
  await server.start()
  await expect(agent.com.atproto.repo.describeRepo({ repo: did })).rejects.toThrow()
})
