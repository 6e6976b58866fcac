import { expect, it } from 'vitest'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'

it('background tasks run after the answer, and settle when all have ended', async () => {
  const failures: unknown[] = []
  const tasks = new BackgroundTasks((error) => failures.push(error))
  const done: string[] = []
  let finish = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  tasks.run(async () => {
    await gate
    done.push('first')
  })
  tasks.run(async () => Promise.reject(new Error('no')))
  const settled = tasks.settled().then(() => done.push('settled'))
  finish()
  await settled
  expect(done).toEqual(['first', 'settled'])
  expect(failures).toEqual([new Error('no')])
})

it('background tasks are refused while too many run', async () => {
  const tasks = new BackgroundTasks(() => {}, 2)
  let finish = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  tasks.run(() => gate)
  tasks.run(() => gate)
  expect(() => tasks.run(() => gate)).toThrow(expect.objectContaining({ status: 503 }))
  finish()
  await tasks.settled()
  tasks.run(async () => {})
})
