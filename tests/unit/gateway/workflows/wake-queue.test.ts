import { expect, it } from 'vitest'
import { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'

/** Wakes that end when the test says so. */
function wakes() {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const firstWakes = new WakeQueue((did) => {
    begun.push(did)
    const end = Promise.withResolvers<void>()
    ends.set(did, end)
    return end.promise
  })
  return { begun, ends, firstWakes }
}

const turns = () => new Promise<void>((resolve) => setImmediate(resolve))

it('the wake queue wakes two accounts at a time, in order of arrival', async () => {
  const { begun, ends, firstWakes } = wakes()
  for (const did of ['a', 'b', 'c', 'd']) firstWakes.add(did)
  await turns()
  expect(begun).toEqual(['a', 'b'])
  ends.get('b')!.resolve()
  await turns()
  expect(begun).toEqual(['a', 'b', 'c'])
  for (const did of ['a', 'c']) ends.get(did)!.resolve()
  await turns()
  ends.get('d')!.resolve()
  firstWakes.add('e')
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e'])
})

it('the wake queue leaves an account that fails to the reminders, and goes on', async () => {
  const { begun, ends, firstWakes } = wakes()
  for (const did of ['a', 'b', 'c', 'd']) firstWakes.add(did)
  for (const did of ['a', 'b']) ends.get(did)!.reject(new Error('lost'))
  await turns()
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
})

it('the wake queue begins no wake while it is held, and goes on in order afterwards', async () => {
  const { begun, ends, firstWakes } = wakes()
  const releases = [firstWakes.hold(), firstWakes.hold()]
  for (const did of ['a', 'b', 'c']) firstWakes.add(did)
  releases[0]!()
  await turns()
  expect(begun).toEqual([])
  releases[1]!()
  await turns()
  expect(begun).toEqual(['a', 'b'])
  const release = firstWakes.hold()
  ends.get('a')!.resolve()
  await turns()
  expect(begun).toEqual(['a', 'b'])
  release()
  await turns()
  expect(begun).toEqual(['a', 'b', 'c'])
})

it('the wake queue closes when running wakes have ended, and starts no other', async () => {
  const { begun, ends, firstWakes } = wakes()
  for (const did of ['a', 'b', 'c', 'd']) firstWakes.add(did)
  await turns()
  let isClosed = false
  void firstWakes.close().then(() => {
    isClosed = true
  })
  ends.get('a')!.resolve()
  await turns()
  expect(isClosed).toBe(false)
  ends.get('b')!.reject(new Error('lost'))
  await turns()
  expect(isClosed).toBe(true)
  firstWakes.add('e')
  await turns()
  expect(begun).toEqual(['a', 'b'])
})

it('a wake queue in bulk wakes one account at a time with rests, and leaves most to the reminders', async () => {
  const begun: string[] = []
  const queue = WakeQueue.inBulk(async (did) => {
    begun.push(did)
    await new Promise((resolve) => setTimeout(resolve, 2))
  })
  for (let n = 0; n < 500; n++) queue.add(`did:${n}`)
  expect(begun).toEqual(['did:0'])
  await expect.poll(() => begun.length, { timeout: 20_000 }).toBe(101)
  await queue.close()
})
