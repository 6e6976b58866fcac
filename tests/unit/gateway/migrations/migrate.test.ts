import { beforeEach, describe, expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { migrate, signOperation } from '#src/gateway/migrations/migrate.ts'
import type { MigrationProgress, MigrationStep } from '#src/rules/migrations.ts'
import { code, MovingAccount } from '#tests/support/moving-servers.ts'

/** What the account stores of its move. */
interface Stored {
  step: MigrationStep
  progress: MigrationProgress
}

let account: MovingAccount
let stored: Stored
let waits: number[]
let wanted: MigrationProgress['wanted']
let isFromHere: boolean
beforeEach(() => {
  isFromHere = false
  account = new MovingAccount()
  stored = { step: 'repo', progress: {} }
  waits = []
})

/** One run: of its progress only what was stored with a step is left if it is cut off. */
async function run(did = 'did:plc:alice', signal = new AbortController().signal): Promise<void> {
  const { old: from, next: to } = account
  const progress = structuredClone(stored.progress)
  await migrate(
    {
      ...{ did, from, to, progress, signal, isFromHere },
      begin: async (step) => {
        stored = { step, progress: structuredClone(progress) }
      },
      pause: async (ms) => void waits.push(ms),
    },
    stored.step,
  )
  wanted = progress.wanted
}

async function confirm(typed = code): Promise<void> {
  const servers = { from: account.old, to: account.next }
  const operation = await signOperation(servers, typed, account.keys)
  stored = { step: 'identity', progress: { ...stored.progress, operation } }
}

/** As its owner: goes on after each failure, and enters the code when it is asked for. */
async function moveOn(): Promise<void> {
  for (let tries = 0; stored.step !== 'done'; tries++) {
    if (tries === 10) throw new Error(`stuck at ${stored.step}`)
    const isAsked = stored.step === 'code' && stored.progress.operation === undefined
    await (isAsked ? confirm().then(() => run()) : run()).catch((error) => {
      if (!(error instanceof XrpcError)) throw error
    })
    // The operation was published, and the answer was lost.
    if (stored.step === 'code') await run().catch(() => {})
  }
}

describe('a move', () => {
  it('a move copies everything, waits for the code, and leaves the old server last', async () => {
    await run()
    expect(stored).toMatchObject({
      step: 'code',
      progress: {
        records: 3,
        recordsTotal: 3,
        blobs: 3,
        blobsTotal: 3,
        missing: 0,
        preferences: true,
      },
    })
    expect(account.outcome).toMatchObject({ pointsTo: 'old', isActive: false, wasLeft: false })
    await confirm()
    await run()
    expect(stored.step).toBe('done')
    expect(stored.progress.operation).toBeUndefined()
    expect(account.outcome).toMatchObject({ pointsTo: 'new', isActive: true, wasLeft: true })
    expect(account.calls.slice(-2)).toEqual(['new activateAccount', 'old deactivateAccount'])
  })

  it('a move keeps the rotation keys of the owner, and drops those of the old server', async () => {
    await moveOn()
    expect(account.keys).toEqual(['did:key:mine', 'did:key:new'])
  })

  it('a wrong code changes nothing, and can be entered again', async () => {
    await run()
    await expect(confirm('XXXXX-XXXXX')).rejects.toMatchObject({ error: 'InvalidToken' })
    expect(stored.step).toBe('code')
    await moveOn()
    expect(account.operations).toBe(1)
  })

  it('what is written at the old server before the identity moves is copied, too', async () => {
    await run()
    account.old.rev = 'rev-2'
    account.old.records = 4
    account.old.wanted.push('d')
    account.old.blobs.set('d', 'blob d')
    await moveOn()
    expect(account.outcome).toMatchObject({ records: 4 })
    expect(account.outcome.blobs).toHaveLength(4)
  })

  it('an operation that another one has overtaken is signed again', async () => {
    await run()
    await confirm()
    account.operations++
    await expect(run()).rejects.toMatchObject({ message: 'Bad prev' })
    expect(stored.step).toBe('code')
    await moveOn()
    expect(account.outcome).toMatchObject({ pointsTo: 'new', operations: 2 })
  })

  it('a did:web moves as soon as its document names the new server', async () => {
    await run('did:web:alice.example')
    expect(stored.step).toBe('code')
    expect(wanted).toEqual({ signingKey: 'did:key:signing', endpoint: 'new' })
    await run('did:web:alice.example')
    account.pointsTo = 'new'
    await run('did:web:alice.example')
    expect(stored.step).toBe('done')
    expect(account.operations).toBe(0)
  })

  it('files that the old server has lost are listed, and the others are copied', async () => {
    account.old.broken.set('b', new XrpcError(400, 'BlobNotFound', 'Blob not found'))
    account.old.broken.set('c', new XrpcError(502, 'UpstreamFailure', 'broken'))
    await run()
    expect(stored.progress).toMatchObject({ blobs: 1, missing: 2, missingCids: ['b', 'c'] })
    expect(waits).toEqual([1_000, 2_000])
    account.old.broken.clear()
    stored.step = 'repo'
    await run()
    expect(stored.progress).toMatchObject({ blobs: 3, missing: 0, missingCids: [] })
  })

  it('a new server that lists missing files without end does not keep the move for ever', async () => {
    let page = 0
    const lost = new XrpcError(400, 'BlobNotFound', 'Blob not found')
    account.next.query = async () => {
      const blobs = Array.from({ length: 5_000 }, (_, i) => ({ cid: `${page}-${i}` }))
      return { blobs: [{ cid: 'x'.repeat(4_000_000) }, ...blobs], cursor: String(++page) }
    }
    account.old.download = async () => {
      throw lost
    }
    stored.step = 'blobs'
    await expect(run()).rejects.toThrow('The new server lists too many blobs')
  })

  it('a file that arrives with other bytes is tried again, and then counts as missing', async () => {
    account.old.blobs.set('b', 'blob torn')
    await run()
    expect(stored.progress).toMatchObject({ blobs: 2, missing: 1, missingCids: ['b'] })
    expect(waits).toEqual([1_000, 2_000])
  })

  it('a rate limit of the old server is waited for if it is short, and else left to the owner', async () => {
    const limited = (seconds: string) =>
      new XrpcError(429, 'RateLimitExceeded', '', { 'retry-after': seconds })
    account.old.broken.set('b', limited('60'))
    await expect(run()).rejects.toMatchObject({ status: 429 })
    expect(waits).toEqual([60_000, 60_000])
    account.old.broken.set('b', limited('3600'))
    await expect(run()).rejects.toMatchObject({ status: 429 })
    expect(stored.step).toBe('blobs')
    expect(waits).toHaveLength(2)
  })

  it('a full disk stops the move instead of dropping files', async () => {
    account.old.broken.set('a', new XrpcError(507, 'InsufficientStorage', 'full'))
    await expect(run()).rejects.toMatchObject({ status: 507 })
    expect(stored.progress.missing).toBeUndefined()
  })

  it('a new server that only says that the identity has moved does not end the account here', async () => {
    isFromHere = true
    const query = account.next.query.bind(account.next)
    account.next.query = async (nsid, params) => {
      const said = nsid.endsWith('checkAccountStatus') && { validDid: true }
      return { ...(await query(nsid, params)), ...said }
    }
    account.next.procedure = async () => ({})
    await run()
    expect(stored.step).toBe('code')
    await confirm()
    await expect(run()).rejects.toThrow('has not moved the identity')
    expect(account.outcome).toMatchObject({ pointsTo: 'old', wasLeft: false })
  })

  it('a move away ends as one between others does', async () => {
    isFromHere = true
    await moveOn()
    expect(account.outcome).toMatchObject({ pointsTo: 'new', isActive: true, wasLeft: true })
  })

  it('servers without preferences do not keep the account from moving', async () => {
    account.old.preferences = undefined
    await run()
    expect(stored).toMatchObject({ step: 'code', progress: { preferences: false } })
  })

  it('a run that is stopped makes no further call', async () => {
    const stopping = new AbortController()
    stopping.abort(new Error('stopping'))
    await expect(run(undefined, stopping.signal)).rejects.toThrow('stopping')
    expect(account.calls).toEqual([])
  })
})

it('a move that is cut off at any call, before or after it took effect, ends as if it had not been', async () => {
  await moveOn()
  const { outcome, calls } = account
  expect(calls.length).toBeGreaterThan(20)
  for (let at = 0; at < calls.length; at++) {
    for (const when of ['before', 'after'] as const) {
      account = new MovingAccount()
      stored = { step: 'repo', progress: {} }
      account.cut = { at, when }
      await moveOn()
      expect([at, when, calls[at], account.outcome]).toEqual([at, when, calls[at], outcome])
    }
  }
})
