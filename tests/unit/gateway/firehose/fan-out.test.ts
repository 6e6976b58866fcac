import { expect, it } from 'vitest'
import { FakeLog, flushTasks, testFirehose } from '#tests/support/firehose.ts'

async function started(log: FakeLog) {
  const { fanOut, ...rest } = testFirehose(log)
  await fanOut.ready()
  return { fanOut, ...rest }
}

it('the fan-out follows the log from its head', async () => {
  const log = new FakeLog()
  log.append(5, 6)
  const { fanOut } = await started(log)
  expect(fanOut.ring.head).toBe(6)
  log.append(7, 9)
  await flushTasks()
  expect(fanOut.ring.countAfter(6)).toBe(2)
  expect(fanOut.ring.head).toBe(9)
})

it('the fan-out delivers to every subscriber that joined, and to none that left', async () => {
  const log = new FakeLog()
  const { fanOut } = await started(log)
  const counts = [0, 0]
  const consumers = counts.map((_, i) => ({ pump: () => void counts[i]!++ }))
  for (const consumer of consumers) fanOut.join(consumer)
  log.append(1)
  await flushTasks()
  fanOut.leave(consumers[0]!)
  log.append(2)
  await flushTasks()
  expect(counts).toEqual([1, 2])
})

it('the fan-out resumes where it was after a failure', async () => {
  const log = new FakeLog()
  const { fanOut } = await started(log)
  log.append(1)
  await flushTasks()
  log.failures.push(new Error('engine gone'))
  log.append(2)
  await flushTasks()
  expect(fanOut.ring.head).toBe(1)
  await expect.poll(() => fanOut.ring.head).toBe(2)
  expect(fanOut.ring.countAfter(0)).toBe(2)
})

it('the fan-out waits until it knows the head of the log', async () => {
  const log = new FakeLog()
  log.failures.push(new Error('not up yet'))
  log.append(4)
  const { fanOut } = testFirehose(log)
  await fanOut.ready()
  expect(fanOut.ring.head).toBe(4)
  expect(log.calls.bounds).toBe(2)
})

it('the fan-out does not treat its ring as complete after missing trimmed events', async () => {
  const log = new FakeLog()
  const { fanOut } = await started(log)
  log.append(1)
  await flushTasks()
  log.trimmed = 50
  log.append(60)
  await flushTasks()
  expect(fanOut.ring.covers(49)).toBe(false)
  expect(fanOut.ring.covers(50)).toBe(true)
})

it('the fan-out delivers the #account event first, and then drops the erased history', async () => {
  const log = new FakeLog()
  const { fanOut } = await started(log)
  log.append(1, 2)
  await flushTasks()
  const seen: (number | undefined)[] = []
  fanOut.join({ pump: () => void seen.push(fanOut.ring.after(2)?.last) })
  log.erased = 3
  log.append(3)
  await flushTasks()
  expect(seen).toEqual([3])
  expect([1, 2, 3].map((seq) => fanOut.ring.covers(seq))).toEqual([false, true, true])
})
