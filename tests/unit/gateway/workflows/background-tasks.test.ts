import { expect, it } from 'vitest'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'

it('background tasks run after the answer, and settle when all have ended', async () => {
  const failures: unknown[] = []
  const errands = new BackgroundTasks((error) => failures.push(error))
  const done: string[] = []
  let finish = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  errands.run(async () => {
    await gate
    done.push('first')
  })
  errands.run(async () => Promise.reject(new Error('no')))
  const settled = errands.settled().then(() => done.push('settled'))
  finish()
  await settled
  expect(done).toEqual(['first', 'settled'])
  expect(failures).toEqual([new Error('no')])
})

it('background tasks are refused while too many run', async () => {
  const errands = new BackgroundTasks(() => {}, 2)
  let finish = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  errands.run(() => gate)
  errands.run(() => gate)
  expect(() => errands.run(() => gate)).toThrow(expect.objectContaining({ status: 503 }))
  finish()
  await errands.settled()
  errands.run(async () => {})
})
