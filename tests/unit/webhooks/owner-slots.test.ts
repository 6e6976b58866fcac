import { expect, it } from 'vitest'
import { OwnerSlots } from '#src/webhooks/owner-slots.ts'

/** Work that ends when the test says so, and the order in which it began. */
function heldWork(slots: OwnerSlots) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const run = (owner: string, name: string) =>
    slots.run(owner, () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    })
  const end = async (name: string) => {
    ends.get(name)!()
    await new Promise(setImmediate)
  }
  return { begun, run, end }
}

const turn = () => new Promise(setImmediate)

it('an owner whose endpoints are slow does not hold up another one', async () => {
  const { begun, run } = heldWork(new OwnerSlots({ own: 2, shared: 4 }))
  for (let i = 0; i < 16; i++) void run('slow', `slow ${i}`)
  await turn()
  expect(begun).toHaveLength(6)
  void run('other', 'first')
  void run('other', 'second')
  void run('other', 'third')
  await turn()
  expect(begun.slice(6)).toEqual(['first', 'second'])
})

it('what waits gets the next slot of its owner, or a shared one, of which owners take turns', async () => {
  const { begun, run, end } = heldWork(new OwnerSlots({ own: 1, shared: 1 }))
  for (const name of ['a1', 'a2', 'a3', 'a4']) void run('a', name)
  for (const name of ['b1', 'b2', 'b3']) void run('b', name)
  await turn()
  expect(begun.splice(0)).toEqual(['a1', 'a2', 'b1'])
  await end('b1')
  expect(begun.splice(0)).toEqual(['b2'])
  await end('a2')
  expect(begun.splice(0)).toEqual(['a3'])
  await end('a3')
  expect(begun.splice(0)).toEqual(['b3'])
  await end('b3')
  expect(begun.splice(0)).toEqual(['a4'])
  for (const name of ['a1', 'a4', 'b2']) await end(name)
  void run('c', 'c1')
  void run('c', 'c2')
  void run('c', 'c3')
  await turn()
  expect(begun).toEqual(['c1', 'c2'])
})

it('work that fails frees its slot', async () => {
  const slots = new OwnerSlots({ own: 1, shared: 0 })
  const fail = () => slots.run('a', () => Promise.reject(new Error('failed')))
  await expect(Promise.all([fail(), fail()])).rejects.toThrow('failed')
  await turn()
  expect(await slots.run('a', async () => 'done')).toBe('done')
})
