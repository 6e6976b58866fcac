import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { healStorage } from '#src/engine/heal-storage.ts'

let engine: Server
let commits: 'succeed' | 'fail'
let asked: string[]
let rounds: { ms: number; run: () => void }[]
beforeEach(async () => {
  commits = 'succeed'
  asked = []
  rounds = []
  engine = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.authorization}`)
    response.writeHead(commits === 'succeed' ? 200 : 500).end()
  })
  await once(engine.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => engine.close())

function start() {
  const disk = { isLow: false, isExhausted: false, failed: false, takeFailure: () => take() }
  const take = () => {
    const { failed } = disk
    disk.failed = false
    return failed
  }
  const { port } = engine.address() as { port: number }
  let kills = 0
  const ports = { endpoint: `http://127.0.0.1:${port}`, token: 't', healthy: () => true }
  healStorage({
    disk,
    engine: { ...ports, kill: () => kills++ },
    timer: (ms, run) => {
      rounds.push({ ms, run })
      return () => {}
    },
    log: { error: () => {} },
  })
  const settled = (count: number) => expect.poll(() => rounds.length).toBe(count)
  const round = async () => {
    const count = rounds.length
    rounds.at(-1)!.run()
    await settled(count + 1)
  }
  return { disk, round, started: settled(1), kills: () => kills }
}

it('the engine is left alone while nothing fails', async () => {
  const { round, started, kills } = start()
  await started
  for (let i = 0; i < 3; i++) await round()
  expect([asked.length, kills()]).toEqual([0, 0])
})

it('the engine is asked for a commit after a transaction failed, and left alone if it makes one', async () => {
  const { disk, round, started, kills } = start()
  await started
  disk.failed = true
  await round()
  await round()
  expect([asked, kills()]).toEqual([['PUT Bearer t'], 0])
})

it('an engine whose commits fail is killed, and again after longer pauses, until one succeeds', async () => {
  const { disk, round, started, kills } = start()
  await started
  commits = 'fail'
  disk.failed = true
  for (let i = 0; i < 3; i++) await round()
  expect(kills()).toBe(3)
  expect(rounds.slice(1).map(({ ms }) => ms)).toEqual([4_000, 8_000, 16_000])
  commits = 'succeed'
  await round()
  await round()
  expect([kills(), asked.length]).toEqual([3, 4])
})

it('an engine whose commits fail is not killed while the disk has no room, and killed as soon as it has', async () => {
  const { disk, round, started, kills } = start()
  await started
  commits = 'fail'
  Object.assign(disk, { failed: true, isLow: true, isExhausted: true })
  await round()
  await round()
  expect([asked.length, kills()]).toEqual([0, 0])
  disk.isExhausted = false
  await round()
  expect(kills()).toBe(1)
})

it('while there is little room an engine is asked for a commit every tenth second', async () => {
  const { disk, round, started } = start()
  await started
  disk.isLow = true
  for (let i = 0; i < 20; i++) await round()
  expect(asked.length).toBe(2)
})
