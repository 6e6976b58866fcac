import { expect, it, vi } from 'vitest'
import { MAX_UNSTORED, UnstoredRows } from '#src/authorization/unstored-rows.ts'

function opened() {
  const warn = vi.fn()
  return { rows: new UnstoredRows({ warn }, 'it was lost'), warn }
}

/** Whether the promise has resolved already. */
function isResolved(promise: Promise<void>): Promise<boolean> {
  const late = new Promise((resolve) => setImmediate(resolve, 'late'))
  return Promise.race([promise, late]).then((first) => first !== 'late')
}

it('a reader of a row waits for the last of its writes, and no reader of another does', async () => {
  const { rows } = opened()
  const [first, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await rows.add('one', first.promise)
  await rows.add('one', last.promise)
  first.resolve()
  await first.promise
  expect(await isResolved(rows.settled('one'))).toBe(false)
  expect(await isResolved(rows.settled('another'))).toBe(true)
  last.resolve()
  expect(await isResolved(rows.settled('one'))).toBe(true)
  expect(await isResolved(rows.allSettled())).toBe(true)
})

it('a write that fails is logged, and its readers go on', async () => {
  const { rows, warn } = opened()
  const err = new Error('the engine is away')
  await rows.add('one', Promise.reject(err))
  await rows.settled('one')
  expect(warn).toHaveBeenCalledWith({ err }, 'it was lost')
})

it('writes beyond the bound are waited for, and fail as they are, until others have ended', async () => {
  const { rows } = opened()
  const gate = Promise.withResolvers<void>()
  for (let n = 0; n < MAX_UNSTORED; n++) await rows.add(`row ${n}`, gate.promise)
  expect(await isResolved(rows.add('more', gate.promise))).toBe(false)
  await expect(rows.add('more', Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  gate.resolve()
  await rows.allSettled()
  expect(await isResolved(rows.add('more', new Promise(() => {})))).toBe(true)
})
