import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { startServer, type TestServer } from '#tests/support/server.ts'

const count = 12
const atOnce = 3

it('accounts that sleep and wake under write load lose, repeat and reorder nothing, and no write fails', async () => {
  await using server = await startServer({ env: { PDS_ACTOR_SLEEP_TIMEOUT_MS: '1000' } })
  // A few accounts are written to at a time, and the next few soon after: about when an account
  // falls asleep.
  let first = 0
  const crashTest = new CrashTest(server, await createAccounts(server, count), (all) =>
    Array.from({ length: atOnce }, (_, n) => all[(first + n) % count]!),
  )
  const sleeps = new Set<string>()
  crashTest.load.start()
  // On a busy machine an account falls asleep later than on an idle one.
  for (let step = 0; step < 24 || (sleeps.size <= count && step < 200); step++) {
    await pause(250 + Math.random() * 350)
    first += atOnce
    for (const sleep of await sleepsOf(server)) sleeps.add(sleep)
  }
  await crashTest.load.stop()
  const { unacknowledgedPresent, unacknowledgedAbsent } = await crashTest.finish('sleep under load')
  expect({ unknownThere: unacknowledgedPresent, unknownAbsent: unacknowledgedAbsent }).toEqual({
    unknownThere: 0,
    unknownAbsent: 0,
  })
  process.stdout.write(`sleep under load: ${sleeps.size} sleeps seen\n`)
  expect(sleeps.size).toBeGreaterThan(count)
})

/** The sleeping actors and the time since when, from the engine. */
async function sleepsOf({ dir, engineEndpoint }: TestServer): Promise<string[]> {
  const { engineToken } = JSON.parse(readFileSync(join(dir, 'secrets.json'), 'utf8'))
  const answer = await fetch(`${engineEndpoint}/actors?namespace=default&name=account&limit=100`, {
    headers: { authorization: `Bearer ${engineToken}` },
  })
  const { actors } = (await answer.json()) as { actors: { key: string; sleep_ts: number | null }[] }
  return actors.flatMap(({ key, sleep_ts }) => (sleep_ts === null ? [] : [`${key} ${sleep_ts}`]))
}
