/** `headwater hostname change`, against a server in memory. */
import { describe, expect, it } from 'vitest'
import {
  changeEndpoints,
  type EndpointJob,
  type EndpointResult,
} from '#src/cli/change-endpoints.ts'
import { XrpcError } from '#src/errors.ts'

const dids = ['did:plc:a', 'did:plc:b', 'did:plc:c']

async function run(
  answer: (did: string, nth: number) => object,
  { dryRun = false, signal = new AbortController().signal } = {},
) {
  const results: EndpointResult[] = []
  const waits: number[] = []
  let [time, calls] = [0, 0]
  const post = async (_: string, { did }: { did: string }) => ({ did, ...answer(did, ++calls) })
  const job: EndpointJob = {
    server: { url: 'https://new.example', post: post as never },
    ...{ perMinute: 30, signal, input: { from: 'https://old.example', dryRun } },
    onResult: (result) => results.push(result),
    now: () => time,
    wait: async (ms) => {
      waits.push(ms)
      time += ms
    },
  }
  const counts = await changeEndpoints(job, dids)
  return { counts, results, waits, calls }
}

const none = { changed: 0, unchanged: 0, elsewhere: 0, impossible: 0, failed: 0 }

describe('headwater hostname change', () => {
  it('accounts are changed at the pace that was chosen; those that are done cost no time', async () => {
    const done = await run((did) => ({ result: did === 'did:plc:b' ? 'unchanged' : 'changed' }))
    expect(done.counts).toEqual({ ...none, changed: 2, unchanged: 1 })
    expect(done.waits).toEqual([2_000])
    const dry = await run(() => ({ result: 'changed' }), { dryRun: true })
    expect(dry.waits).toEqual([])
  })

  it('an account whose answer was lost is asked again, and one that fails does not stop the others', async () => {
    const { counts, results, calls } = await run((did, nth) => {
      if (nth === 1) throw new Error('the connection broke off')
      if (did === 'did:plc:b') throw new XrpcError(400, 'InvalidRequest', 'refused')
      return { result: 'impossible', reason: 'did:web' }
    })
    expect(counts).toEqual({ ...none, impossible: 2, failed: 1 })
    expect(results[1]).toEqual({
      account: 'did:plc:b',
      error: 'InvalidRequest',
      message: 'refused',
    })
    expect(calls).toBe(4)
  })

  it('an error that every account would get stops it at the first one', async () => {
    for (const error of ['UnchangedUrl', 'UnsupportedDomain']) {
      const refused = run(() => {
        throw new XrpcError(400, error, 'no')
      })
      await expect(refused).rejects.toMatchObject({ error })
    }
  })

  it('a server that does not answer ends it', async () => {
    const away = run(() => {
      throw new Error('cannot be reached')
    })
    await expect(away).rejects.toThrow('does not answer: 0 of 3 accounts are done')
  })

  it('Ctrl-C ends it after the account that is being changed', async () => {
    const stop = new AbortController()
    const answer = () => {
      stop.abort()
      return { result: 'changed' }
    }
    expect((await run(answer, { signal: stop.signal })).counts).toEqual({ ...none, changed: 1 })
  })
})
