import { expect, it } from 'vitest'
import type { Relay } from '#src/directory/relays.ts'
import { RelayView } from '#src/gateway/relays/relay-view.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const url = 'https://relay.example.com'
const relay: Relay = {
  ...{ url, askedAt: 5_000, nextAt: 0, failures: 0, error: null, status: 'active' },
  ...{ accounts: 543, seq: 1, lagMs: 2_400, accountLimit: null, asked: { active: 1 } },
}

function view(known: Relay[], relays = [url]) {
  const clock = new TestClock()
  const limits: unknown[] = []
  let lists = 0
  const list = async () => {
    lists++
    return known
  }
  const setLimit = async (input: unknown) => void limits.push(input)
  const dispatch = { directory: { relays: { list, setLimit } } }
  const opened = new RelayView({ relays, dispatch, clock, client: {} as never })
  return { view: opened, limits, clock, lists: () => lists }
}

const rowOf = async (given: Partial<Relay>, here: number | undefined = 40) =>
  (await view([{ ...relay, ...given }]).view.rows(here))[0]!

it('a row has what the relay says beside what is here', async () => {
  const asked = { active: 100, throttled: 43, absent: 2, takendown: 1 }
  expect(await rowOf({ asked }, 146)).toEqual({
    relay: url,
    status: 'active',
    accountsHere: 146,
    accountsThere: 543,
    ...{ asked: 146, active: 100, throttled: 43, absent: 2 },
    lagSeconds: 2,
    limit: 100,
    lastAsked: '1970-01-01T00:00:05.000Z',
    warning: '43 accounts are throttled there, and what they write is not passed on',
  })
})

it('80 accounts are worth a warning while the limit is the usual one or not known', async () => {
  const warning = async (given: Partial<Relay>, here: number) => (await rowOf(given, here)).warning
  expect(await warning({ accounts: null }, 79)).toBeUndefined()
  const text = '80 accounts; the relay may take no more than 100'
  expect(await warning({ accounts: null }, 80)).toBe(text)
  expect(await warning({ accounts: 80 }, 3)).toBe(text)
})

it('a relay with more than a hundred active accounts has another limit, which is not known', async () => {
  const row = await rowOf({ asked: { active: 101 } }, 140)
  expect(row).toMatchObject({ limit: null })
  expect(row.warning).toBeUndefined()
})

it('the limit that the operator has entered counts', async () => {
  const given = { accountLimit: 1_000, asked: { active: 500 } }
  expect((await rowOf(given, 543)).warning).toBeUndefined()
  expect((await rowOf(given, 800)).warning).toBe(
    '800 accounts; the relay may take no more than 1000',
  )
})

it('a relay that was not asked yet, or does not answer, has a row too', async () => {
  const [row] = await view([]).view.rows(undefined)
  expect(row).toMatchObject({ status: 'not asked yet', accountsHere: null, lastAsked: null })
  expect(await rowOf({ status: null, error: 'it answers 500', lagMs: null })).toMatchObject({
    ...{ status: 'unknown', error: 'it answers 500', lagSeconds: null },
  })
  expect(await view([relay], []).view.rows(5)).toEqual([])
})

it('answers are read from the directory once in two seconds, and after a change', async () => {
  const { view: opened, clock, lists, limits } = view([relay])
  for (let i = 0; i < 5; i++) await opened.rows(1)
  expect(lists()).toBe(1)
  await opened.setLimit(url, 500)
  expect(limits).toEqual([{ url, limit: 500 }])
  await opened.rows(1)
  clock.time += 2_000
  await opened.rows(1)
  expect(lists()).toBe(3)
  await expect(opened.setLimit('https://else.example.com', 5)).rejects.toMatchObject({
    status: 400,
  })
})
