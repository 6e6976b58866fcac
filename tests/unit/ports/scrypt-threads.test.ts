import { scryptSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { ScryptThreads } from '#src/ports/scrypt-threads.ts'

const options = { threads: 1, maxWaiting: 10, maxWaitingPerCaller: 10, maxWaitingPerSalt: 3 }

function derive(threads: ScryptThreads, salt: string, network?: string) {
  return threads.derive({ password: 'correct horse', salt, length: 16, network })
}

it('scrypt threads derive the key of each request', async () => {
  const threads = new ScryptThreads({ ...options, threads: 2 })
  const salts = ['a1', 'b2', 'c3']
  const keys = await Promise.all(salts.map((salt) => derive(threads, salt)))
  expect(keys).toEqual(salts.map((salt) => scryptSync('correct horse', salt, 16)))
})

it('scrypt threads refuse a request with 503 if too many wait for its salt, and go on', async () => {
  const threads = new ScryptThreads(options)
  const outcomes = await Promise.allSettled(
    ['a1', 'a1', 'a1', 'a1', 'a1', 'b2'].map((salt) => derive(threads, salt)),
  )
  // One runs and three wait.
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 4 }, () => 'fulfilled'),
    'rejected',
    'fulfilled',
  ])
  expect(outcomes[4]).toMatchObject({ reason: { status: 503, error: 'ServiceUnavailable' } })
  expect(await derive(threads, 'a1')).toHaveLength(16)
})

it('scrypt threads refuse a request with 503 if too many wait in all', async () => {
  const threads = new ScryptThreads({ ...options, maxWaiting: 2 })
  const outcomes = await Promise.allSettled(
    ['a1', 'b2', 'c3', 'd4'].map((salt) => derive(threads, salt)),
  )
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { status: 503 } },
  ])
})

it('scrypt threads derive a key of one salt while many of another wait', async () => {
  const threads = new ScryptThreads(options)
  const order: string[] = []
  const note = (name: string) => () => order.push(name)
  await Promise.all([
    ...['a', 'b', 'c', 'd'].map((name) => derive(threads, 'a1').then(note(name))),
    derive(threads, 'b2').then(note('other')),
  ])
  expect(order).toEqual(['a', 'b', 'other', 'c', 'd'])
})

it('scrypt threads take turns between networks, however many accounts one network tries', async () => {
  const threads = new ScryptThreads(options)
  const order: string[] = []
  const note = (name: string) => () => order.push(name)
  await Promise.all([
    ...['a1', 'b2', 'c3', 'd4'].map((salt) => derive(threads, salt, 'x').then(note(salt))),
    derive(threads, 'e5', 'y').then(note('other')),
  ])
  expect(order).toEqual(['a1', 'b2', 'other', 'c3', 'd4'])
})

it('scrypt threads refuse a request with 503 if too many of its network wait, and those of others not', async () => {
  const threads = new ScryptThreads({ ...options, maxWaitingPerCaller: 2 })
  const outcomes = await Promise.allSettled([
    ...['a1', 'b2', 'c3', 'd4'].map((salt) => derive(threads, salt, 'x')),
    derive(threads, 'a1', 'y'),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  ])
})

it('a scrypt thread that fails rejects its request only', async () => {
  const threads = new ScryptThreads(options)
  const bad = threads.derive({ password: 'correct horse', salt: 'a1', length: -1 })
  const good = derive(threads, 'b2')
  await expect(bad).rejects.toThrow(/range/)
  expect(await good).toHaveLength(16)
})
