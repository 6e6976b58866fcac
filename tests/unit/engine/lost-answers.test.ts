/** An answer that is lost on the way: the caller gets it all the same, and the work is done once. */
import { cborDecode as decode } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { createDispatch } from '#src/engine/dispatch.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import type { Call, Outcome } from '#src/engine/remote-call.ts'
import { commits, keyed, type OnceScenario, repeatable } from '#tests/support/once-scenarios.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { dumpTables } from '#tests/support/repo-cars.ts'

type Action = (account: Account, ...args: unknown[]) => Promise<unknown>

const collection = 'com.example.thing'

async function run({ group, action, args }: Call, account: Account): Promise<Outcome> {
  const actions = accountActions as unknown as Record<string, Record<string, Action>>
  try {
    return { answer: await actions[group]![action]!(account, ...args) }
  } catch (error) {
    return { error, again: false }
  }
}

/**
 * Makes the call through the dispatch and loses its first answer, after which the account is served by the activation
 * that `next` returns. What the caller got, what the lost answer was, and the database after each.
 */
async function loseFirstAnswer(
  scenario: OnceScenario,
  next: (account: Account, clock: { ahead: number }) => Promise<Account>,
) {
  const skew = { ahead: 0 }
  const clock = { now: () => Date.now() + skew.ahead }
  let account: Account = await openTestAccount({ clock })
  const call = await scenario(account)
  let first: { outcome: Outcome; stored: unknown } | undefined
  const dump = async () => JSON.parse(await dumpTables(account)) as unknown
  const dispatch = createDispatch({
    live: new LiveActors(),
    local: false,
    pause: async () => {},
    remote: async (request) => {
      const outcome = await run(request, account)
      if (first !== undefined) return outcome
      await account.lane.settled()
      first = { outcome, stored: await dump() }
      account = await next(account, skew)
      return { error: new Error('lost on the way'), again: true }
    },
  })
  const second = await call(dispatch.account(testDid)).then(
    (answer) => ({ answer }),
    (error) => ({ error }),
  )
  await account.lane.settled()
  return { first: first!, second, stored: await dump() }
}

const sameActivation = async (account: Account) => account
const anotherProcess = async (account: Account, skew: { ahead: number }) => {
  skew.ahead += 2_000
  return openTestAccount({ sql: account.sql, clock: account.clock })
}

const once = Object.entries({ ...commits, ...keyed })

describe('a call that must run once and whose answer is lost', () => {
  it.each(once)('%s gets it from the same activation', async (_, scenario) => {
    const { first, second, stored } = await loseFirstAnswer(scenario, sameActivation)
    expect(first.outcome).toHaveProperty('answer')
    expect(second).toEqual(first.outcome)
    expect(stored).toEqual(first.stored)
  })

  it.each(once)('%s gets it from another process', async (_, scenario) => {
    const { first, second, stored } = await loseFirstAnswer(scenario, anotherProcess)
    expect(first.outcome).toHaveProperty('answer')
    expect(second).toEqual(first.outcome)
    expect(stored).toEqual(first.stored)
  })

  it.each(Object.entries(commits))(
    '%s gets 503 from another process if the account has forgotten the answer, and makes no second commit',
    async (_, scenario) => {
      const { first, second, stored } = await loseFirstAnswer(scenario, async (account, skew) => {
        await account.sql.batch([{ sql: 'DELETE FROM outbox' }])
        return anotherProcess(account, skew)
      })
      expect(first.outcome).toHaveProperty('answer')
      expect(second).toMatchObject({ error: { status: 503, error: 'ServiceUnavailable' } })
      const records = (dump: unknown) =>
        (dump as [string, string, unknown][]).filter(([name]) => name === 'record')
      expect(records(stored)).toEqual(records(first.stored))
    },
  )
})

it.each(['putRecord', 'deleteRecord'] as const)(
  'a %s that arrives again after another write does not undo it',
  async (action) => {
    const account = await openTestAccount()
    const attempt = async (name: string, value: number) => {
      const input = { collection, rkey: 'one', record: { $type: collection, value } }
      const key = { id: `${name} ${value}`, issuedAt: Date.now() }
      const call = { actor: 'account', key: testDid, group: 'repo', action: name }
      return run({ ...call, args: [input, key] }, account)
    }
    await attempt('putRecord', 1)
    const first = await attempt(action, 2)
    await attempt('putRecord', 3)
    expect(await attempt(action, 2)).toEqual(first)
    const [record] = await account.sql.all<{ value: Uint8Array }>('SELECT value FROM record')
    expect(decode(Uint8Array.from(record!.value))).toMatchObject({ value: 3 })
  },
)

describe('a call that may be repeated and whose answer is lost', () => {
  it.each(Object.entries(repeatable))(
    '%s changes nothing in another process',
    async (_, scenario) => {
      const { first, second, stored } = await loseFirstAnswer(scenario, anotherProcess)
      expect(first.outcome).toHaveProperty('answer')
      expect(second).toHaveProperty('answer')
      expect(stored).toEqual(first.stored)
    },
  )
})

it('an answer is stored sealed, and forgotten two minutes later by the next key', async () => {
  const skew = { ahead: 0 }
  const account = await openTestAccount({ clock: { now: () => Date.now() + skew.ahead } })
  const use = (id: string) => account.idempotencyKeys.markUsed({ id, issuedAt: 0 }, 'a secret')
  await account.sql.batch(use('one'))
  const [row] = await account.sql.all<{ answer: Uint8Array }>('SELECT answer FROM used_key')
  expect(Buffer.from(row!.answer).toString()).not.toContain('secret')
  skew.ahead = 120_001
  await account.sql.batch(use('two'))
  expect(await account.sql.all('SELECT id FROM used_key')).toEqual([{ id: 'two' }])
})

it('a call whose transaction was kept although it failed is not run again', async () => {
  let isLost = false
  const account = await openTestAccount({
    clock: { now: () => Date.now() },
    onBatch: (when) => {
      if (when === 'after' && isLost) throw new Error('disk i/o error')
    },
  })
  const call = await keyed['factors.confirmTotp'](account)
  const dispatch = createDispatch({
    live: new LiveActors(),
    local: false,
    pause: async () => {},
    remote: async (request) => {
      isLost = !isLost
      const outcome = await run(request, account)
      return 'error' in outcome ? { ...outcome, again: true } : outcome
    },
  })
  expect(await call(dispatch.account(testDid))).toBeUndefined()
  const events = await account.sql.all('SELECT kind FROM security_event')
  expect(events).toEqual([{ kind: 'factor added' }])
})

it('a call without its optional input has the key behind it all the same', async () => {
  const calls: Call[] = []
  const dispatch = createDispatch({
    live: new LiveActors(),
    local: false,
    pause: async () => {},
    remote: async (call) => ({ answer: calls.push(call) }),
  })
  await dispatch.account(testDid).factors.createRecoveryCodes()
  const key = { id: expect.any(String), issuedAt: expect.any(Number) }
  expect(calls.map(({ args }) => args)).toEqual([[{}, key]])
})
