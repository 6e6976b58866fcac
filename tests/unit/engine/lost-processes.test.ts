/** When a process counts as exited. */
import { expect, it } from 'vitest'
import { LostProcesses } from '#src/engine/lost-processes.ts'
import type { Log } from '#src/log.ts'

function open(options: { isConnected: () => boolean; fails?: boolean }) {
  const reported: string[] = []
  const lines: string[] = []
  const lost = new LostProcesses({
    engine: { endpoint: 'http://engine', token: 'token', namespace: 'default' },
    log: { warn: (_: unknown, line: string) => void lines.push(line) } as unknown as Log,
    findEnvoy: async (_, envoyKey) =>
      options.isConnected() ? { envoy_key: envoyKey, last_ping_ts: 0 } : undefined,
    report: async (_, envoyKey) => {
      reported.push(envoyKey)
      if (options.fails) throw new Error('the engine is down')
      return 3
    },
  })
  return { lost, reported, lines }
}

it('a process that refuses connections is reported once its connection to the engine is closed, and once', async () => {
  let looks = 0
  const { lost, reported, lines } = open({ isConnected: () => looks++ < 2 })
  await Promise.all([lost.suspect('a'), lost.suspect('a')])
  await lost.suspect('a')
  expect(reported).toEqual(['a'])
  expect(lines).toEqual(['a process has exited: its actors were moved'])
})

it('a process that is connected to the engine is not reported, but may be later', async () => {
  let isConnected = true
  const { lost, reported } = open({ isConnected: () => isConnected })
  await lost.suspect('a')
  expect(reported).toEqual([])
  isConnected = false
  await lost.suspect('a')
  expect(reported).toEqual(['a'])
})

it('a report that fails is logged and not repeated', async () => {
  const { lost, reported, lines } = open({ isConnected: () => false, fails: true })
  await lost.suspect('a')
  await lost.suspect('a')
  expect(reported).toEqual(['a'])
  expect(lines).toEqual(['reporting an exited process failed: the engine moves its actors later'])
})
