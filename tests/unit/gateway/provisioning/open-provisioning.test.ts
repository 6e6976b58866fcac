import { expect, it } from 'vitest'
import {
  openProvisioning,
  type ProvisioningPorts,
} from '#src/gateway/provisioning/open-provisioning.ts'

/** `holds`: for how many files and jobs the wakes are held. */
function open() {
  const counts = { holds: 0 }
  const hold = () => {
    counts.holds++
    return () => void counts.holds--
  }
  const provisioning = openProvisioning({ bulkWakeQueue: { hold } } as ProvisioningPorts)
  return { provisioning, counts }
}

it('no account of a file is woken while a file or a job is running', () => {
  const { provisioning, counts } = open()
  const ends = [provisioning.beginFile('a'), provisioning.beginFile('b'), provisioning.holdWakes()]
  expect(counts.holds).toBe(3)
  for (const end of ends) end()
  ends[0]!()
  expect(counts.holds).toBe(0)
})

it('a tenant has two files at once, and a process eight', () => {
  const { provisioning } = open()
  const tooMany = expect.objectContaining({ status: 429, error: 'RateLimitExceeded' })
  const ends = ['a', 'a', 'b', 'b', 'c', 'c', 'd'].map((name) => provisioning.beginFile(name))
  expect(() => provisioning.beginFile('a')).toThrow(tooMany)
  ends[0]!()
  // A second call changes nothing.
  ends[0]!()
  provisioning.beginFile('a')
  expect(() => provisioning.beginFile('a')).toThrow(tooMany)
  provisioning.beginFile('e')
  expect(() => provisioning.beginFile('f')).toThrow(tooMany)
})

it('rows of files begin at most 250 a second, each in a turn of the event loop of its own', async () => {
  const { provisioning } = open()
  const began = performance.now()
  let turn = 0
  let isDone = false
  const count = () => {
    turn++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  const turns = await Promise.all(
    Array.from({ length: 20 }, () => provisioning.rowTurn().then(() => turn)),
  )
  isDone = true
  expect(new Set(turns).size).toBe(20)
  // The first begins at once.
  expect(performance.now() - began).toBeGreaterThan(19 * 4 - 10)
})
