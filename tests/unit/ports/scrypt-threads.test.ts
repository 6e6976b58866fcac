import { scryptSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { ScryptThreads } from '#src/ports/scrypt-threads.ts'

const options = { threads: 1, maxWaiting: 10, maxWaitingPerSalt: 3 }

function derive(threads: ScryptThreads, salt: string, password = 'correct horse') {
  return threads.derive({ password, salt, length: 16 })
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
  const threads = new ScryptThreads({ threads: 1, maxWaiting: 2, maxWaitingPerSalt: 2 })
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

it('a scrypt thread that fails rejects its request only', async () => {
  const threads = new ScryptThreads(options)
  const bad = threads.derive({ password: 'correct horse', salt: 'a1', length: -1 })
  const good = derive(threads, 'b2')
  await expect(bad).rejects.toThrow(/range/)
  expect(await good).toHaveLength(16)
})
