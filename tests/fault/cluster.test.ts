/** Two processes with actors, and one or two gateways, on one engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster } from '#tests/support/cluster.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import {
  addEndpoint,
  expectDelivered,
  expectExactQuota,
  expectMemberWrites,
  expectOneOutcomeOfAFile,
} from '#tests/support/through-gateways.ts'
import { startWebhookReceiver } from '#tests/support/webhook-receiver.ts'

it('kill -9 of one of two processes with actors loses, repeats and reorders nothing, and its accounts answer again', async () => {
  await using cluster = await TestCluster.start({ actors: 2 })
  const crashTest = new CrashTest(cluster, await createAccounts(cluster, 8))
  const [first] = cluster.actors
  await crashTest.round(() => first!.kill9(), true)
  await first!.start()
  // Otherwise the engine moves them, later.
  const output = () => cluster.actors.map((process) => process.output).join()
  await expect.poll(output, { timeout: 30_000 }).toContain('its actors were moved')
  await crashTest.finish('kill -9 of one of two processes with actors')
})

describe('two processes with actors, and two gateways', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.start({ actors: 2, gateways: 2 })
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  it('a restart of two processes with actors, one after the other, refuses no write', async () => {
    const crashTest = new CrashTest(cluster, await createAccounts(cluster, 8))
    await crashTest.round(async () => {
      for (const process of cluster.actors) {
        await process.stop()
        await process.start()
      }
    }, true)
    const { unacknowledgedPresent, unacknowledgedAbsent } =
      await crashTest.finish('rolling restart')
    expect([unacknowledgedPresent, unacknowledgedAbsent]).toEqual([0, 0])
  })

  it('through either gateway quotas are exact, members write, and each webhook is delivered once and in order', async () => {
    await using receiver = await startWebhookReceiver()
    const gateways = cluster.urls.map((url) => ({ url })) as [{ url: string }, { url: string }]
    await addEndpoint(gateways[1], receiver)
    const [single, ofFile, records] = await Promise.all([
      expectExactQuota(gateways),
      expectOneOutcomeOfAFile(gateways),
      expectMemberWrites(gateways),
    ])
    await expectDelivered(receiver, { accounts: [...single, ...ofFile], records })
  })
})
