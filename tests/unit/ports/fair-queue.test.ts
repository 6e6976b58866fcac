import { expect, it } from 'vitest'
import { FairQueue } from '#src/ports/fair-queue.ts'

/** Entries of holders, or of a holder and a subject (`holder/subject`); each is named by its number, too. */
function queueOf(names: string[], bounds: ConstructorParameters<typeof FairQueue>[0]) {
  const queue = new FairQueue<{ name: string; holder: string; refuse(): void }>(bounds)
  const refused: string[] = []
  let n = 0
  const push = (text: string) => {
    const [holder = '', subject] = text.split('/')
    const name = `${text}${n++}`
    const refuse = () => void refused.push(name)
    queue.push({ name, holder, refuse, ...(subject !== undefined && { subject }) })
  }
  const drain = () => {
    const entries: string[] = []
    for (let entry = queue.shift(); entry; entry = queue.shift()) entries.push(entry.name)
    return entries
  }
  for (const name of names) push(name)
  return { queue, refused, push, drain }
}

const wide = { max: 100, maxPerHolder: 100 }

it('a fair queue takes turns between holders, and keeps the order of each', () => {
  const { queue, drain } = queueOf(['a', 'a', 'a', 'b', 'c', 'b'], wide)
  expect(drain()).toEqual(['a0', 'b3', 'c4', 'a1', 'b5', 'a2'])
  expect(queue.size).toBe(0)
})

it('a fair queue refuses an entry beyond its bounds, and has room again after one was taken', () => {
  const { queue, refused, push, drain } = queueOf(['a', 'a', 'a', 'b', 'b'], {
    max: 3,
    maxPerHolder: 2,
  })
  expect(refused).toEqual(['a2', 'b4'])
  expect(queue.shift()?.name).toBe('a0')
  push('c')
  expect(drain()).toEqual(['b3', 'a1', 'c5'])
})

it('a full fair queue refuses the newest entry of the largest holder for one that has less', () => {
  const { queue, refused, push, drain } = queueOf(['a', 'a', 'a', 'b', 'b', 'b'], {
    max: 6,
    maxPerHolder: 6,
  })
  push('c')
  expect(refused).toEqual(['a2'])
  push('c')
  expect(refused).toEqual(['a2', 'b5'])
  // All have two now.
  push('c')
  push('b')
  expect(refused).toEqual(['a2', 'b5', 'c8', 'b9'])
  expect(queue.size).toBe(6)
  expect(drain()).toEqual(['a0', 'b3', 'c6', 'a1', 'b4', 'c7'])
})

it('a fair queue takes turns between subjects also if each entry is of another holder', () => {
  const { drain } = queueOf(['a/x', 'b/x', 'c/x', 'd/y', 'a/y'], wide)
  expect(drain()).toEqual(['a/x0', 'd/y3', 'b/x1', 'a/y4', 'c/x2'])
})

it('a holder with entries for many subjects takes turns with one that comes later', () => {
  const { queue, push, drain } = queueOf(['a/p', 'a/q', 'a/r', 'a/s'], wide)
  expect(queue.shift()?.name).toBe('a/p0')
  push('b/s')
  expect(drain()).toEqual(['a/q1', 'b/s4', 'a/r2', 'a/s3'])
})

it('a full fair queue refuses the newest entry for the largest subject if each holder has one', () => {
  const { refused, push } = queueOf(['a/x', 'b/x', 'c/x'], { max: 3, maxPerHolder: 2 })
  push('d/y')
  push('e/x')
  expect(refused).toEqual(['c/x2', 'e/x4'])
})

it('a fair queue refuses an entry if too many wait for its subject', () => {
  const { refused } = queueOf(['a/x', 'b/x', 'c/x', 'c/y'], { ...wide, maxPerSubject: 2 })
  expect(refused).toEqual(['c/x2'])
})

it('a holder that is empty in a fair queue starts anew', () => {
  const { drain, push } = queueOf(['a'], { max: 10, maxPerHolder: 1 })
  expect(drain()).toEqual(['a0'])
  push('a')
  expect(drain()).toEqual(['a1'])
})
