/** Moves from and to servers that answer slowly: none of them keeps others from moving. */
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { MigrationChange } from '#src/account/lifecycle/migration.ts'
import { sendInTime } from '#src/gateway/migrations/request-time.ts'
import {
  migrationRuns,
  RUN_MS,
  type RunPorts,
  SLOT_MS,
  sealSession,
} from '#src/gateway/migrations/run-migration.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { RequestUpstream, UpstreamResponse } from '#src/ports/upstream.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const MINUTE_MS = 60_000
const tooSlow = { status: 502, message: 'The server is too slow' }

/** Time that passes when the test says so. */
function testTime() {
  let now = 0
  const waiting = new Set<{ at: number; run: () => void }>()
  const timer: Timer = (ms, run) => {
    const one = { at: now + ms, run }
    waiting.add(one)
    return () => waiting.delete(one)
  }
  return {
    clock: { now: () => now },
    timer,
    waiting,
    pass(ms: number) {
      now += ms
      for (const one of [...waiting].filter(({ at }) => at <= now)) {
        waiting.delete(one)
        one.run()
      }
    },
  }
}

describe('a request to the other server', () => {
  const path = '/xrpc/com.atproto.sync.getRepo'
  const get = { method: 'GET' as const, path, headers: {} }
  const answered = (body: Readable): UpstreamResponse => ({ status: 200, headers: {}, body })
  const never: RequestUpstream = ({ signal }) =>
    new Promise((_, reject) => {
      signal!.addEventListener('abort', () => reject(new Error('aborted')))
    })

  it.each([
    ['com.atproto.repo.uploadBlob', 2],
    ['com.atproto.repo.importRepo', 10],
  ])('%s is given up if there is no answer after %d minutes', async (nsid, minutes) => {
    const time = testTime()
    const send = sendInTime({ ...time, request: never }, 'https://a.example')
    let outcome: unknown
    const sent = send({ ...get, method: 'POST', path: `/xrpc/${nsid}` }).catch((error: unknown) => {
      outcome = error
    })
    time.pass(minutes * MINUTE_MS - 1)
    await Promise.resolve()
    expect(outcome).toBeUndefined()
    time.pass(1)
    await sent
    expect(outcome).toMatchObject(tooSlow)
  })

  it('may take as long as its bytes take at the lowest rate, and breaks off below it', async () => {
    const time = testTime()
    const body = new PassThrough()
    const request = async () => answered(body)
    const { body: answer } = await sendInTime({ ...time, request }, 'https://a.example')(get)
    const failure = text(answer).catch((error: unknown) => error)
    // 8 KiB for each second of ten minutes.
    const chunk = Buffer.alloc(8 * 1024 * 60)
    for (let minute = 0; minute < 10; minute++) {
      await new Promise<void>((written) => body.write(chunk, () => written()))
      time.pass(MINUTE_MS)
    }
    expect(answer.destroyed).toBe(false)
    // Then one byte a minute.
    for (let minute = 0; minute < 2; minute++) {
      await new Promise<void>((written) => body.write('.', () => written()))
      time.pass(MINUTE_MS)
    }
    time.pass(1_000)
    expect(await failure).toMatchObject(tooSlow)
    await expect.poll(() => body.destroyed).toBe(true)
  })

  it.each(['read', 'given up'] as const)(
    'leaves nothing behind if its answer is %s',
    async (how) => {
      const time = testTime()
      const source = Readable.from([Buffer.from('{}')])
      const request = async () => answered(source)
      const { body } = await sendInTime({ ...time, request }, 'https://a.example')(get)
      if (how === 'read') expect(await text(body)).toBe('{}')
      else body.destroy()
      await expect.poll(() => time.waiting.size).toBe(0)
      await expect.poll(() => source.destroyed).toBe(true)
    },
  )
})

describe('four moves with servers that never end', () => {
  async function open() {
    const time = testTime()
    const { keys } = await openTestAccount()
    const began: string[] = []
    const ends: MigrationChange['end'][] = []
    const ports: RunPorts = {
      dispatch: {
        directory: {
          runningMoves: { add: async () => {}, list: async () => [], remove: async () => {} },
        },
        account: (did) => ({
          migration: {
            find: async () => null,
            claim: async () => {
              const session = { did, handle: 'a.test', email: undefined }
              const tokens = { accessJwt: 'a', refreshJwt: 'r' }
              return {
                ...{ direction: 'in', server: 'https://old.example', step: 'repo', error: null },
                ...{ progress: {}, startedAt: 0, updatedAt: 0, isRunning: true },
                session: sealSession(keys, { ...session, ...tokens }),
              }
            },
            save: async ({ end }) => {
              if (end !== undefined) ends.push(end)
            },
          },
        }),
      },
      other: {
        ...{ privateNetworks: false, clock: time.clock, timer: () => () => {} },
        request: ({ path, signal }) => {
          began.push(new URLSearchParams(path.split('?')[1]).get('did')!)
          return new Promise((_, reject) => {
            signal!.addEventListener('abort', () => reject(new Error('aborted')))
          })
        },
      },
      own: {
        ...{ publicUrl: 'https://here.example', clock: time.clock },
        tokens: { secret: new Uint8Array(32), audience: 'did:web:here.example' },
        handle: () => Response.json({}),
      },
      ...{ keys, timer: time.timer, log: { warn: () => {}, error: () => {} } },
    }
    const runs = migrationRuns(ports)
    for (const name of ['a', 'b', 'c', 'd']) runs.start(`did:plc:${name}`)
    await expect.poll(() => began.length).toBe(4)
    return { time, runs, began, ends }
  }

  it('leave their slots to others after a while', async () => {
    const { time, runs, began } = await open()
    runs.start('did:plc:e')
    await new Promise((resolve) => setImmediate(resolve))
    expect(began).not.toContain('did:plc:e')
    time.pass(SLOT_MS)
    await expect.poll(() => began).toContain('did:plc:e')
    await runs.stop()
  })

  it('end after a day, and say so', async () => {
    const { time, runs, ends } = await open()
    time.pass(RUN_MS)
    await expect.poll(() => ends).toEqual(Array(4).fill({ error: 'It took longer than a day' }))
    await runs.stop()
  })
})
