import { expect, it } from 'vitest'
import { startTasks } from '#src/gateway/start-tasks.ts'

it('a gateway at rest, as that of a drill, does nothing by itself', () => {
  const events: string[] = []
  const task = (name: string) => () => {
    events.push(`start ${name}`)
    return () => void events.push(`stop ${name}`)
  }
  const tasks = [task('archive'), task('delete')]
  startTasks(tasks, { isAtRest: true })()
  expect(events).toEqual([])
  startTasks(tasks, { isAtRest: undefined })()
  expect(events).toEqual(['start archive', 'start delete', 'stop archive', 'stop delete'])
})
