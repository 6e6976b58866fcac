/**
 * The server is killed at each message to its store, the PLC directory and a webhook's receiver while members join, an
 * ownership changes hands, a file of accounts is created and webhooks are delivered: nothing is lost or there twice.
 *
 * With FAULT_ROUNDS each of them is interrupted so many times by itself, message by message.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Interrupted } from '#tests/support/interrupted.ts'
import { interruptedDeliveries } from '#tests/support/interrupted-deliveries.ts'
import { interruptedJoining, interruptedTransfer } from '#tests/support/interrupted-membership.ts'
import { interruptedProvisioning } from '#tests/support/interrupted-provisioning.ts'
import {
  type KillableServer,
  type KillPoint,
  startKillableServer,
} from '#tests/support/kill-switch.ts'
import { createTestAccount } from '#tests/support/server.ts'

const works = {
  'a member joins': interruptedJoining,
  'an ownership changes hands': interruptedTransfer,
  'a file of accounts is created': interruptedProvisioning,
  'webhooks are delivered': interruptedDeliveries,
}
type Name = keyof typeof works
const names = Object.keys(works) as Name[]
const rounds = Number(process.env['FAULT_ROUNDS'] ?? 0)

let killable: KillableServer
let all: Record<Name, Interrupted>
beforeAll(async () => {
  killable = await startKillableServer()
  const { server, receiver, plcFolder } = killable
  const [olga, eddie, alice] = await Promise.all(
    ['olga', 'eddie', 'alice'].map((name) => createTestAccount(server, name)),
  )
  const cast = { olga: olga!, eddie: eddie!, alice: alice!, receiver, plcFolder }
  all = {} as Record<Name, Interrupted>
  // The webhooks first: they get every event of the others.
  for (const name of names.toReversed()) all[name] = await works[name](server, cast)
})
afterAll(async () => {
  await killable?.[Symbol.asyncDispose]()
})

/** Runs the works at once, kills at the point, starts again and completes them; false if they ended before that. */
async function interrupt(interrupted: Interrupted[], point: KillPoint): Promise<boolean> {
  const { server, killSwitch } = killable
  for (const one of interrupted) await one.prepare()
  const killed = killSwitch.arm(point)
  const done = Promise.all(interrupted.map((one) => one.run(() => killSwitch.isFired)))
  await Promise.race([killed, done])
  killSwitch.disarm()
  if (killSwitch.isFired) {
    await Promise.all([killed, done])
    await server.start()
  }
  for (const one of interrupted) await one.complete()
  return killSwitch.isFired
}

it('kill -9 while a member joins, an ownership changes hands, accounts are created and webhooks are delivered loses nothing, and repeats nothing', async () => {
  const began = performance.now()
  // Each kill hits all four at other steps.
  const n = 1 + Math.floor(Math.random() * 20)
  const points: KillPoint[] = [
    { link: 'plc', n: 6, when: 'after' },
    { link: 'engine', n, when: n % 2 === 0 ? 'before' : 'after' },
    { link: 'receiver', n: 2, when: 'after' },
  ]
  for (const point of points) {
    expect(await interrupt(Object.values(all), point), JSON.stringify(point)).toBe(true)
  }
  for (const one of Object.values(all)) await one.finish()
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(`kill -9 in communities: ${points.length} times in ${seconds} s\n`)
})

describe.runIf(rounds > 0)('each by itself', () => {
  it.each(names)(
    'kill -9 before and after each message while %s loses nothing, and repeats nothing',
    async (name) => {
      const one = all[name]
      let kills = 0
      for (const link of one.links) {
        for (let round = 0; round < rounds; round++) {
          const when = round % 2 === 0 ? 'before' : 'after'
          if (!(await interrupt([one], { link, n: 1 + (round >> 1), when }))) break
          kills++
        }
      }
      await one.finish()
      expect(kills).toBeGreaterThan(0)
      process.stdout.write(`kill -9 while ${name}: ${kills} times\n`)
    },
    3_600_000,
  )
})
