import { expect, it } from 'vitest'
import { FairQueue } from '#src/ports/fair-queue.ts'

function queueOf(keys: string[], bounds = { max: 100, maxPerKey: 100 }) {
  const queue = new FairQueue<string>(bounds)
  const taken = keys.map((key, i) => queue.push(key, `${key}${i}`))
  return { queue, taken }
}

function drain(queue: FairQueue<string>): string[] {
  const entries: string[] = []
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) entries.push(entry)
  return entries
}

it('a fair queue takes turns between keys, and keeps the order of each', () => {
  const { queue } = queueOf(['a', 'a', 'a', 'b', 'c', 'b'])
  expect(drain(queue)).toEqual(['a0', 'b3', 'c4', 'a1', 'b5', 'a2'])
  expect(queue.size).toBe(0)
})

it('a fair queue refuses an entry beyond its bounds, and has room again after one was taken', () => {
  const { queue, taken } = queueOf(['a', 'a', 'a', 'b', 'c'], { max: 3, maxPerKey: 2 })
  expect(taken).toEqual([true, true, false, true, false])
  expect(queue.shift()).toBe('a0')
  expect(queue.push('c', 'c5')).toBe(true)
  expect(drain(queue)).toEqual(['b3', 'a1', 'c5'])
})

it('a key that is empty in a fair queue starts anew', () => {
  const { queue } = queueOf(['a'], { max: 10, maxPerKey: 1 })
  expect(drain(queue)).toEqual(['a0'])
  expect(queue.push('a', 'again')).toBe(true)
  expect(drain(queue)).toEqual(['again'])
})
