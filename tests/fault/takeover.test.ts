/**
 * A takeover of a real reference PDS, with a verifying consumer throughout, killed at each of its steps, on a disk that
 * fills up, and with blobs in S3. TAKEOVER_ACCOUNTS and TAKEOVER_KILLS (of each step) make it longer, and print figures.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { inParallel } from '#src/ports/in-parallel.ts'
import { signingKeyOf } from '#tests/support/migration-steps.ts'
import { startS3Server } from '#tests/support/s3-server.ts'
import { MB, smallDisk } from '#tests/support/small-disk.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { expectCommit, verifiedRepo } from '#tests/support/verify-repo.ts'
import { isReferenceInstalled } from '../../bench/reference.ts'
import { changedAt, killedAt, type Outcome, takeover } from './takeover/command.ts'
import { Consumer } from './takeover/consumer.ts'
import { Owner, post } from './takeover/owner.ts'
import { Place } from './takeover/place.ts'
import { WebIdentity } from './takeover/web-identity.ts'

const accountCount = Number(process.env['TAKEOVER_ACCOUNTS'] ?? 12)
const killCount = Number(process.env['TAKEOVER_KILLS'] ?? 1)
const isLong = process.env['TAKEOVER_ACCOUNTS'] !== undefined
const AT_ONCE = 6
const WAIT = { timeout: 60_000, interval: 50 }
const TIMEOUT_MS = isLong ? 3_600_000 : 240_000

const isThere = isReferenceInstalled()
const title = isThere ? 'a takeover' : 'skipped, `node bench/reference.ts` installs the reference'

/** Steps of the pass that `--finish` begins with, and of what follows. */
const lastSteps = ['lock', 'accounts', 'directory', 'heads', 'sessions', 'invites', 'keys']

async function openPlace(more: Record<string, string> = {}, target?: string): Promise<Place> {
  const place = await Place.open(more, target)
  onTestFinished(async () => {
    await place.close()
  })
  await place.startReference()
  return place
}

/** The parsed result of a command that must succeed. */
function resultOf<T>(outcome: Outcome): T {
  equal(outcome.code, 0, outcome.err)
  return JSON.parse(outcome.out) as T
}

function note(what: string, since: number, measured?: { peakMb?: number; err?: string }): void {
  if (!isLong) return
  const { peakMb, err = '' } = measured ?? {}
  const memory = peakMb === undefined ? '' : `, at most ${peakMb} MB`
  const ms = performance.now() - since
  process.stdout.write(`${what}: ${(ms / 1000).toFixed(1)} s${memory}\n${err}`)
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now()
  const result = await work()
  note(what, since, result as { peakMb?: number } | undefined)
  return result
}

async function writeMeanwhile(owners: readonly Owner[], signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    await owners[i % owners.length]!.write(`while it is taken over ${i}`)
    await pause(20)
  }
}

describe.runIf(isThere)(title, { retry: 0 }, () => {
  it('killed at each step and repeated, keeps every account, session and repo, and no relay sees a gap', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const place = await openPlace()
    const consumer = new Consumer(place)
    onTestFinished(() => consumer.end())
    const [web, later] = [await WebIdentity.open(), await WebIdentity.open()]
    onTestFinished(() => {
      web.close()
      later.close()
    })
    const owners = Array.from({ length: accountCount }, (_, n) => new Owner(n, place))
    const invite = { useCount: 2 }
    const { code } = await place.admin<{ code: string }>(
      'com.atproto.server.createInviteCode',
      invite,
    )
    await timed(`${accountCount} accounts at the reference`, async () => {
      await inParallel(owners.entries(), AT_ONCE, ([n, owner]) =>
        owner.create(n === 0 ? code : undefined),
      )
    })
    await web.createAccount(place, 'wendy')
    const { com } = place.agent()
    const { data: reserved } = await com.atproto.server.reserveSigningKey({ did: later.did })

    // While the reference runs, and is written to.
    const writing = new AbortController()
    const active = owners.filter(({ kind }) => kind === 'active')
    const writes = writeMeanwhile(active, writing.signal)
    ok(await killedAt(place, ['--check'], 'check', 1))
    const checked = resultOf(await timed('check', () => takeover(place, '--check')))
    const living = owners.filter(({ kind }) => kind !== 'deleted')
    expect(checked).toMatchObject({
      ...{ accounts: living.length + 1, newCommits: [], leftOut: [] },
    })
    for (let i = 0; i < killCount; i++) {
      ok(await killedAt(place, [], 'accounts', 3 * (i + 1)))
      ok(await killedAt(place, [], 'engine'))
    }
    const first = resultOf(await timed('first pass', () => takeover(place)))
    expect(first).toMatchObject({ state: 'open', taken: living.length + 1, leftOut: [] })
    expect(await takeover(place, '--finish')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('stop the reference PDS first') },
    })

    // Changes after the first pass.
    writing.abort()
    await writes
    const [renamed, deleted] = active as [Owner, Owner]
    await renamed.rename('renamed.test')
    await deleted.become('deleted')
    const created = new Owner(accountCount + 6, place)
    await created.create()
    owners.push(created)
    await inParallel(owners, AT_ONCE, (owner) => owner.noteHead())
    using before = new Subscription(place, 0)
    await before.waitForCommit((await created.verifyRepo()).cid)

    const switched = performance.now()
    await place.stopServer()
    await expect(place.startHeadwater()).rejects.toThrow('takeover of a reference PDS')
    for (const step of lastSteps) {
      // After a kill there may be no account left that has changed.
      const kills = step === 'accounts' ? 1 : killCount
      for (let i = 0; i < kills; i++) ok(await killedAt(place, ['--finish'], step), step)
    }
    for (let i = 0; i < killCount; i++) {
      ok(await killedAt(place, ['--finish'], 'announcing', 2 * i + 1))
    }
    note('kills of --finish', switched)
    const finishing = performance.now()
    const finished = resultOf(await timed('finish', () => takeover(place, '--finish')))
    const there = owners.filter(({ kind }) => kind !== 'deleted').length + 1
    expect(finished).toMatchObject({
      ...{ state: 'done', taken: there, accounts: there, newCommits: 0, leftOut: [], notes: [] },
      ...{ inviteCodes: 1, reservedKeys: 1, next: expect.stringContaining('start the server') },
    })
    await place.startHeadwater()
    note('from --finish to an answer', finishing)

    using after = new Subscription(place)
    await after.opened
    await timed('verified', () => inParallel(owners, AT_ONCE, (owner) => owner.verify()))
    const { codes } = await place.admin<{ codes: object[] }>('com.atproto.admin.getInviteCodes')
    expect(codes).toMatchObject([{ code, available: 2, uses: [{ usedBy: owners[0]!.did }] }])
    await expectReservedKey(place, later, reserved.signingKey)

    // The first commits of Headwater continue those of the reference.
    const writers = owners.filter(({ kind }) => kind === 'active')
    await inParallel(writers, AT_ONCE, (owner) => owner.write('the first one here'))
    for (const owner of writers) {
      const { did } = owner
      const last = before.eventsOf(did).findLast(({ kind }) => kind === '#commit')!
      const { cid, records } = await owner.verifyRepo()
      await after.waitForCommit(cid)
      const next = after.eventsOf(did).find(({ kind }) => kind === '#commit')!
      const key = await signingKeyOf(did, place.plcUrl)
      await expectCommit(next.body, { did, key }, last.body)
      await expect.poll(() => consumer.recordsOf(did), WAIT).toEqual(records)
    }
    for (const { did, kind } of owners) {
      expect(consumer.statusOf(did) ?? 'active', `${did} is ${kind}`).toBe(kind)
    }
    deepEqual(consumer.errors, [])
    if (isLong) {
      const sizes = execFileSync('du', ['-sm', `${place.source}/actors`, place.target])
      process.stdout.write(`${consumer.events.length} events verified\nMB:\n${sizes}`)
    }
    await place.stopServer()
  })

  const disk = smallDisk(192)
  afterAll(() => disk[Symbol.dispose]())

  it.runIf(disk.isMounted)(
    'goes on after a full disk, with the blobs in the same bucket as before, and back again',
    { timeout: TIMEOUT_MS },
    async () => {
      const s3 = await startS3Server()
      onTestFinished(() => s3.stop())
      const bucket = {
        ...{ PDS_BLOBSTORE_S3_BUCKET: s3.bucket, PDS_BLOBSTORE_S3_REGION: 'us-east-1' },
        ...{ PDS_BLOBSTORE_S3_ENDPOINT: s3.endpoint, PDS_BLOBSTORE_S3_FORCE_PATH_STYLE: 'true' },
        PDS_BLOBSTORE_S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      }
      const reserve = { PDS_MIN_FREE_DISK_BYTES: String(32 * MB) }
      const place = await openPlace({ ...bucket, ...reserve }, disk.path)
      const owners = [0, 2, 4].map((n) => new Owner(n, place))
      await inParallel(owners, AT_ONCE, (owner) => owner.create())
      await inParallel(owners, AT_ONCE, (owner) => owner.noteHead())
      expect(resultOf(await takeover(place, '--check'))).toMatchObject({ accounts: 3, notes: [] })
      await place.stopServer()

      const isFull = { code: 1, err: expect.stringMatching(/disk.* is full/) }
      // From the beginning, and later.
      for (const [step, leave] of [
        ['', 0],
        ['accounts', 4 * MB],
        ...(isLong ? ([['directory', 0]] as const) : []),
      ] as const) {
        let empty = step === '' ? disk.fill(leave) : () => {}
        const change = (child: ChildProcess) => {
          child.kill('SIGSTOP')
          empty = disk.fill(leave)
          child.kill('SIGCONT')
        }
        const stopped = await timed(`full at ${step || 'the start'}`, () =>
          changedAt(place, ['--finish'], { step, change }),
        )
        expect(stopped, `${step}, ${leave} bytes`).toMatchObject(isFull)
        empty()
      }
      const finished = resultOf(await timed('with room', () => takeover(place, '--finish')))
      expect(finished).toMatchObject({ taken: 3, notes: [] })
      await place.startHeadwater()
      await inParallel(owners, AT_ONCE, (owner) => owner.verify())
      await goBack(place, owners[0]!)
      await place.stopServer()
    },
  )
})

/** The key that was reserved at the reference is that of the account which is created here. */
async function expectReservedKey(place: Place, web: WebIdentity, key: string): Promise<void> {
  const { com } = place.agent()
  const { data } = await com.atproto.server.reserveSigningKey({ did: web.did })
  equal(data.signingKey, key)
  const agent = await web.createAccount(place, 'wilma')
  equal(web.key, key)
  const record = { $type: post, text: 'one', createdAt: new Date().toISOString() }
  await agent.com.atproto.repo.createRecord({ repo: web.did, collection: post, record })
  const { data: car } = await com.atproto.sync.getRepo({ did: web.did })
  equal((await verifiedRepo(car, { did: web.did, key })).records.size, 1)
}

/** To the reference, as docs/operate/takeover.md has it. A relay continues. */
async function goBack(place: Place, owner: Owner): Promise<void> {
  using here = new Subscription(place, 0)
  await owner.write('the last one here')
  const { cid } = await owner.verifyRepo()
  const { body } = await here.waitForCommit(cid)
  await place.stopServer()
  const log = new DatabaseSync(join(place.source, 'sequencer.sqlite'))
  const seq = `${Date.now() + 60_000}000`
  log.exec(`UPDATE repo_seq SET seq = ${seq} WHERE seq = (SELECT max(seq) FROM repo_seq);
    UPDATE sqlite_sequence SET seq = ${seq} WHERE name = 'repo_seq'`)
  log.close()
  await place.startReference()
  using back = new Subscription(place, body.seq)
  await owner.write('back again')
  await back.waitForCommit((await owner.verifyRepo()).cid)
  ok(back.seqs.every((found) => found > body.seq))
}
