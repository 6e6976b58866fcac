import { expect, it } from 'vitest'
import { KeySlots } from '#src/ports/key-slots.ts'

/** Work that ends when the test says so, and the order in which it began. */
function heldWork(slots: KeySlots) {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const run = (key: string | undefined, name: string) =>
    slots.run(key, async () => {
      begun.push(name)
      const end = Promise.withResolvers<void>()
      ends.set(name, end)
      await end.promise
      return name
    })
  return { begun, run, end: (name: string) => ends.get(name)!.resolve(), ends }
}

const turn = () => new Promise(setImmediate)

it('work waits for a slot of its key, in the order of arrival, and does not hold up other keys', async () => {
  const { begun, run, end } = heldWork(new KeySlots({ max: 9, maxPerKey: 1, maxWaitingPerKey: 2 }))
  const work = [run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('b', 'b1')]
  await turn()
  expect(begun).toEqual(['a1', 'b1'])
  await expect(run('a', 'a4')).rejects.toMatchObject({ status: 429, error: 'RateLimitExceeded' })
  for (const name of ['a1', 'b1', 'a2', 'a3']) {
    end(name)
    await turn()
  }
  expect(begun).toEqual(['a1', 'b1', 'a2', 'a3'])
  expect(await Promise.all(work)).toEqual(['a1', 'a2', 'a3', 'b1'])
})

it('more work than there are slots in all is refused with 503, also without a key', async () => {
  const { run, end } = heldWork(new KeySlots({ max: 2, maxPerKey: 2, maxWaitingPerKey: 2 }))
  const work = [run('a', 'a1'), run(undefined, 'one')]
  await turn()
  const refused = { status: 503, error: 'ServiceUnavailable' }
  await expect(run('b', 'b1')).rejects.toMatchObject(refused)
  await expect(run(undefined, 'two')).rejects.toMatchObject(refused)
  end('a1')
  expect(await work[0]).toBe('a1')
  const next = run('b', 'b1')
  await turn()
  end('b1')
  end('one')
  expect(await Promise.all([work[1], next])).toEqual(['one', 'b1'])
})

it('work that fails frees its slots', async () => {
  const slots = new KeySlots({ max: 1, maxPerKey: 1, maxWaitingPerKey: 1 })
  const fail = () => slots.run('a', () => Promise.reject(new Error('failed')))
  const failing = [fail(), fail()].map((one) => one.catch(({ message }: Error) => message))
  expect(await Promise.all(failing)).toEqual(['failed', 'failed'])
  expect(await slots.run('a', async () => 'done')).toBe('done')
})
