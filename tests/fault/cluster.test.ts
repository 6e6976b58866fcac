/** Two processes with actors, and a gateway, on one engine. */
import { expect, it } from 'vitest'
import { TestCluster } from '#tests/support/cluster.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'

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

it('a restart of two processes with actors, one after the other, refuses no write', async () => {
  await using cluster = await TestCluster.start({ actors: 2 })
  const crashTest = new CrashTest(cluster, await createAccounts(cluster, 8))
  await crashTest.round(async () => {
    for (const process of cluster.actors) {
      await process.stop()
      await process.start()
    }
  }, true)
  const { unacknowledgedPresent, unacknowledgedAbsent } = await crashTest.finish('rolling restart')
  expect([unacknowledgedPresent, unacknowledgedAbsent]).toEqual([0, 0])
})
