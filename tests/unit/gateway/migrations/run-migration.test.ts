/** Runs over a real account, between this server and another one that are functions. */
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  beginMigration,
  CLAIM_MS,
  claimMigration,
  findMigration,
  saveMigration,
} from '#src/account/lifecycle/migration.ts'
import type { OtherSession } from '#src/gateway/migrations/other-server.ts'
import { migrationRuns, type RunPorts, sealSession } from '#src/gateway/migrations/run-migration.ts'
import type { UpstreamRequest } from '#src/ports/upstream.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const url = 'https://old.example'
let now: number
let account: OpenAccount
/** Calls of the other server and of this one, with their tokens. */
let calls: string[]
let answers: Record<string, (request: UpstreamRequest) => [status: number, body: object]>
/** What the directory has recorded. */
let recorded: Set<string>
beforeEach(async () => {
  recorded = new Set()
  now = Date.parse('2026-01-01T00:00:00Z')
  account = await openTestAccount({ clock: { now: () => now } })
  calls = []
  answers = {}
})

const defaults: Record<string, object> = {
  checkAccountStatus: { validDid: false, expectedBlobs: 0, importedBlobs: 0, indexedRecords: 1 },
  listMissingBlobs: { blobs: [] },
  getLatestCommit: { rev: 'r1' },
  getPreferences: { preferences: [] },
}

function nameOf(path: string): string {
  return path.split('?')[0]!.split('.').at(-1)!
}

function openRuns() {
  const ports: RunPorts = {
    dispatch: {
      directory: {
        runningMoves: {
          add: async ({ did }) => void recorded.add(did),
          list: async () => [...recorded],
          remove: async ({ did }) => void recorded.delete(did),
        },
      },
      account: () => ({
        migration: {
          find: () => findMigration(account),
          claim: (input) => claimMigration(account, input),
          save: (change) => saveMigration(account, change),
        },
      }),
    },
    other: {
      privateNetworks: false,
      clock: { now: () => now },
      request: async (request) => {
        const name = nameOf(request.path)
        calls.push(`${name} ${request.headers['authorization']}`)
        const [status, body] = answers[name]?.(request) ?? [200, defaults[name] ?? {}]
        return { status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(body))]) }
      },
    },
    own: {
      ...{ publicUrl: 'https://here.example', clock: { now: () => now } },
      tokens: { secret: new Uint8Array(32), audience: 'did:web:here.example' },
      handle: async (request) => {
        const name = nameOf(request.url)
        const isOwn = /^Bearer ey/.test(request.headers.get('authorization') ?? '')
        const sent = request.body === null ? '' : await text(request.body as never)
        calls.push(`here ${name} ${isOwn} ${sent}`.trim())
        return Response.json(defaults[name] ?? {})
      },
    },
    keys: account.keys,
    // Progress is stored with the steps.
    timer: () => () => {},
    log: { warn: () => {}, error: () => {} },
  }
  return migrationRuns(ports)
}

const tokenUntil = (at: number) =>
  `h.${Buffer.from(JSON.stringify({ exp: at / 1_000 })).toString('base64url')}.s`

async function begin(session: Partial<OtherSession> = {}): Promise<void> {
  const whole = {
    did: testDid,
    handle: 'a.test',
    email: undefined,
    accessJwt: 'a1',
    refreshJwt: 'r1',
  }
  const sealed = sealSession(account.keys, { ...whole, ...session })
  await beginMigration(account, { direction: 'in', server: url, session: sealed })
}

const ended = async () => {
  await expect.poll(async () => (await findMigration(account))?.isRunning).toBe(false)
  return findMigration(account)
}

describe('a run of a move', () => {
  it('a run reads from the old server with its session, and writes here as the account', async () => {
    await begin()
    openRuns().start(testDid)
    expect(await ended()).toMatchObject({ step: 'code', error: null })
    expect(calls).toContain('getRepo Bearer a1')
    expect(calls).toContain('here importRepo true {}')
    expect(JSON.stringify(await account.sql.all('SELECT * FROM migration'))).not.toContain('a1')
  })

  it('a session that expires is refreshed once, and the new one is what the next run uses', async () => {
    await begin({ accessJwt: tokenUntil(now + 1_000) })
    const fresh = { did: testDid, accessJwt: 'a2', refreshJwt: 'r2' }
    answers['refreshSession'] = () => [200, fresh]
    openRuns().start(testDid)
    await ended()
    expect(calls.filter((call) => call.startsWith('refresh'))).toEqual(['refreshSession Bearer r1'])
    expect(calls).toContain('getRepo Bearer a2')
    calls = []
    await openRuns().hold(testDid, ({ from }) => from.query('com.atproto.sync.getLatestCommit'))
    expect(calls).toEqual(['getLatestCommit Bearer a2'])
  })

  it('a session that is over stops the move until the owner signs in again', async () => {
    await begin()
    answers['getRepo'] = () => [400, { error: 'ExpiredToken', message: 'Token has expired' }]
    answers['getLatestCommit'] = answers['getRepo']
    answers['refreshSession'] = () => [401, { error: 'ExpiredToken', message: 'over' }]
    openRuns().start(testDid)
    expect(await ended()).toMatchObject({ step: 'repo', error: 'SignIn' })
    answers = {}
    await begin({ accessJwt: 'a3' })
    openRuns().start(testDid)
    expect(await ended()).toMatchObject({ step: 'code', error: null })
  })

  it('a session that is over while a code is requested asks for the password, a wrong code does not', async () => {
    await begin()
    openRuns().start(testDid)
    await ended()
    const call = () =>
      openRuns().hold(testDid, ({ from }) =>
        from.procedure('com.atproto.identity.signPlcOperation'),
      )
    answers['signPlcOperation'] = () => [
      400,
      { error: 'InvalidToken', message: 'Token is invalid' },
    ]
    await expect(call()).rejects.toMatchObject({ error: 'InvalidToken' })
    expect(await findMigration(account)).toMatchObject({ step: 'code', error: null })
    answers['signPlcOperation'] = () => [401, { error: 'AuthMissing', message: 'signed out' }]
    await expect(call()).rejects.toMatchObject({ status: 401 })
    expect(await findMigration(account)).toMatchObject({ step: 'code', error: 'SignIn' })
  })

  it('what the other server says is what the owner reads', async () => {
    await begin()
    answers['getRepo'] = () => [400, { error: 'RepoTakendown', message: 'Repo has been takendown' }]
    openRuns().start(testDid)
    expect(await ended()).toMatchObject({ error: 'Repo has been takendown' })
  })

  it('after a kill another process goes on once the claim has ended, and not before', async () => {
    await begin()
    // Of a process that is gone.
    await claimMigration(account, { run: 'killed' })
    await saveMigration(account, { run: 'killed', step: 'preferences' })
    const runs = openRuns()
    await expect(runs.hold(testDid, async () => {})).rejects.toMatchObject({
      error: 'MigrationBusy',
    })
    now += CLAIM_MS
    runs.start(testDid)
    expect(await ended()).toMatchObject({ step: 'code' })
    expect(calls.some((call) => call.startsWith('getRepo'))).toBe(false)
  })

  it.each(['repo', 'activate', 'deactivate'] as const)(
    'a page that is out of date neither confirms nor copies again at the step %s',
    async (step) => {
      await begin()
      await claimMigration(account, { run: 'failed' })
      await saveMigration(account, { run: 'failed', step, end: { error: 'unreachable' } })
      const held = openRuns().hold(testDid, (run) => run.save({ step: 'repo' }))
      await expect(held).rejects.toMatchObject({ status: 400 })
      expect(await findMigration(account)).toMatchObject({ step, isRunning: false })
      expect(calls).toEqual([])
    },
  )

  it('a process that stops gives its moves back without an error', async () => {
    await begin()
    const runs = openRuns()
    answers['getPreferences'] = () => {
      void runs.stop()
      return [200, { preferences: [] }]
    }
    runs.start(testDid)
    expect(await ended()).toMatchObject({ error: null, step: 'code' })
    await runs.stop()
    runs.start(testDid)
    expect(await findMigration(account)).toMatchObject({ isRunning: false })
  })
})

describe('a move that was interrupted', () => {
  /** By a process that was killed while it copied. */
  async function interrupt(): Promise<void> {
    await begin()
    recorded.add(testDid)
    await claimMigration(account, { run: 'killed' })
  }
  const forgotten = () => expect.poll(() => recorded.size).toBe(0)

  it('goes on when its claim has ended, without its owner, and is forgotten when it waits', async () => {
    await interrupt()
    const runs = openRuns()
    await runs.resume({ takesOver: false })
    await expect.poll(() => findMigration(account)).toMatchObject({ step: 'repo' })
    now += CLAIM_MS
    await expect
      .poll(async () => {
        await runs.resume({ takesOver: false })
        return (await findMigration(account))?.step
      })
      .toBe('code')
    await forgotten()
  })

  it('goes on at once if this is the only gateway', async () => {
    await interrupt()
    await openRuns().resume({ takesOver: true })
    expect(await ended()).toMatchObject({ step: 'code', error: null })
    await forgotten()
  })

  it('is tried again, later and later, while the other server is away', async () => {
    await begin()
    const runs = openRuns()
    answers['getRepo'] = () => [503, { error: 'ServiceUnavailable', message: 'away' }]
    runs.start(testDid)
    expect(await ended()).toMatchObject({ step: 'repo', error: 'away' })
    const asked = () => calls.filter((call) => call.startsWith('getRepo')).length
    const resume = async (minutes: number) => {
      now += minutes * 60_000
      await runs.resume({ takesOver: false })
      await ended()
      return asked()
    }
    expect([await resume(1), await resume(1)]).toEqual([1, 2])
    expect([await resume(3), await resume(1)]).toEqual([2, 3])
    answers = {}
    await resume(8)
    expect(await findMigration(account)).toMatchObject({ step: 'code', error: null })
    await forgotten()
  })

  it('is not tried again if its owner has to do something', async () => {
    await begin()
    answers['getRepo'] = () => [401, { error: 'AuthMissing', message: 'over' }]
    openRuns().start(testDid)
    expect(await ended()).toMatchObject({ error: 'SignIn' })
    await forgotten()
  })
})
