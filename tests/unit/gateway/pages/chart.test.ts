import { expect, it } from 'vitest'
import { chart } from '#src/gateway/pages/chart.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { shortNumberText } from '#src/gateway/pages/unit-text.ts'

const english = { messages: messagesFor('en') }
const start = Date.UTC(2026, 10, 20)
const textOf = async (times: number[], values: (number | null)[]) =>
  String(
    await chart(english, { title: 'Calls', unit: '/s', times, lines: [{ label: 'all', values }] }),
  )

it('a chart has a line, its newest value, and the figures in a table', async () => {
  const times = Array.from({ length: 30 }, (_, i) => start + i * 60_000)
  const text = await textOf(
    times,
    times.map((_, i) => i),
  )
  expect(text).toContain('all <b>29 /s</b>')
  expect(text).toContain('M0.0 140.0L')
  expect(text.match(/<tr><td>/g)).toHaveLength(10)
  expect(text).toContain('<tr><td>00:29</td><td>29</td></tr>')
})

it('a line is broken where a value is not known', async () => {
  const times = [0, 1, 2, 3, 4].map((i) => start + i * 60_000)
  const text = await textOf(times, [1, 1, null, 2, 2])
  const [, path] = /class="line-0" d="([^"]*)"/.exec(text)!
  expect(path).toBe('M0.0 70.0L150.0 70.0M450.0 0.0L600.0 0.0')
})

it('a value between two that are not known is a dot', async () => {
  const times = [0, 1, 2, 3, 4].map((i) => start + i * 60_000)
  const [, path] = /class="line-0" d="([^"]*)"/.exec(await textOf(times, [1, 1, null, 2, null]))!
  expect(path).toBe('M0.0 70.0L150.0 70.0M450.0 0.0h0')
})

it('a chart without samples says so', async () => {
  expect(await textOf([start], [1])).toContain('Not enough samples yet')
  expect(await textOf([start, start + 1], [null, null])).toContain('Not enough samples yet')
})

it('a day of samples is as long as an hour of them', async () => {
  const times = Array.from({ length: 2_880 }, (_, i) => start + i * 30_000)
  const text = await textOf(
    times,
    times.map(() => 5),
  )
  expect(text.length).toBeLessThan(8_000)
  expect(text).toContain('all <b>5 /s</b>')
})

it('a title is escaped', async () => {
  const text = await chart(english, { title: '<script>', times: [], lines: [] })
  expect(String(text)).not.toContain('<script>')
})

it('numbers are short, and in the language of the page', () => {
  const numbers = [0, 0.1234, 5.678, 42, 1_234, 5_600_000]
  const textsIn = (language: string) => numbers.map((n) => shortNumberText(language, n))
  expect(textsIn('en')).toEqual(['0', '0.12', '5.7', '42', '1.2K', '5.6M'])
  expect(textsIn('ja')).toEqual(['0', '0.12', '5.7', '42', '1234', '560万'])
})
