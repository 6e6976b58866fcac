import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startProgress } from '#src/cli/progress.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function output(isTTY: boolean) {
  const written: string[] = []
  return { out: { isTTY, columns: 40, write: (text: string) => written.push(text) }, written }
}

it('progress is shown on a terminal after a second, and removed at the end', () => {
  const { out, written } = output(true)
  const progress = startProgress(out, 'repo export')
  progress.report('1 MB received')
  vi.advanceTimersByTime(999)
  expect(written).toEqual([])
  vi.advanceTimersByTime(1)
  expect(written).toEqual(['\r\u001b[Krepo export: 1 MB received (1 s)'])
  progress.end()
  expect(written.slice(1)).toEqual(['\r\u001b[K'])
})

it('progress is removed from a terminal before something else is printed, and shown again', () => {
  const { out, written } = output(true)
  const progress = startProgress(out, 'account delete')
  progress.clear()
  progress.report('1 deleted')
  vi.advanceTimersByTime(1_000)
  progress.clear()
  progress.clear()
  expect(written.slice(1)).toEqual(['\r\u001b[K'])
  vi.advanceTimersByTime(1_000)
  expect(written.at(-1)).toContain('1 deleted (2 s)')
  progress.end()
})

it('progress of a quick command writes nothing', () => {
  const { out, written } = output(true)
  startProgress(out, 'status').end()
  expect(written).toEqual([])
})

it('progress is not longer than a line of the terminal', () => {
  const { out, written } = output(true)
  const progress = startProgress(out, 'account list')
  progress.report('x'.repeat(100))
  vi.advanceTimersByTime(1000)
  expect(written[0]).toHaveLength('\r\u001b[K'.length + 39)
  progress.end()
})

it('progress is not written to a file, unless the command always shows it', () => {
  const { out, written } = output(false)
  const silent = startProgress(out, 'repo export')
  silent.report('1 MB received')
  vi.advanceTimersByTime(60_000)
  silent.end()
  expect(written).toEqual([])
  const progress = startProgress(out, 'account create', { always: true })
  progress.report('1 created')
  vi.advanceTimersByTime(20_000)
  progress.report('2 created')
  progress.end()
  expect(written).toEqual(['1 created\n', '2 created\n'])
})
