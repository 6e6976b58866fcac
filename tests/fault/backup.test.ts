import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AtpAgent } from '@atproto/api'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readLastBackup } from '#src/ports/last-backup.ts'
import { headwater } from '#tests/support/command-line.ts'
import { checkConsistency } from '#tests/support/consistency-check.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import { createTestAccount, startServer } from '#tests/support/server.ts'

const WAIT = { timeout: 60_000, interval: 100 }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-backup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a backup made under write load, while accounts are created, has all that was acknowledged before', async () => {
  await using server = await startServer()
  const crashTest = new CrashTest(server, await createAccounts(server))
  const { subscriber, load } = crashTest
  const backup = join(folder, 'backup')
  const command = (...args: string[]) => headwater(args, { PDS_DATA_DIRECTORY: server.dir })
  const names = ['before', 'during1', 'during2', 'during3', 'during4']
  let startedAt = 0
  let made: Promise<unknown> = Promise.resolve()
  await crashTest.round(async () => {
    await createTestAccount(server, names[0]!)
    await expect.poll(() => load.acknowledged.length, WAIT).toBeGreaterThan(50)
    startedAt = Date.now()
    // Accounts are created from before the command until after it, so that one is being created when it copies.
    const creations = names.slice(1).map(async (name, i) => {
      await pause(i * 300)
      await createTestAccount(server, name)
    })
    made = Promise.all(creations)
    expect(await command('backup', backup)).toMatchObject({ code: 0, err: '' })
  }, false)
  await made
  crashTest.close()
  expect(await readLastBackup(server.dir)).toMatchObject({ ok: true, to: backup })
  expect(await command('restore', backup)).toMatchObject({
    code: 1,
    err: expect.stringContaining('already runs the'),
  })
  await server.stop()
  for (const name of readdirSync(server.dir)) rmSync(join(server.dir, name), { recursive: true })
  expect(await command('restore', backup, '--moved')).toMatchObject({ code: 0, err: '' })
  await server.start()

  // An account is there as a whole, or its name is free.
  const restored = await Promise.all(names.map((name) => signInOrCreate(server.url, name)))
  expect(restored[0]).toBe('signed in')
  const after = new ReconnectingSubscriber(server.url)
  const get = async <T>(method: string) =>
    (await (await fetch(`${server.url}/xrpc/${method}`)).json()) as T
  // Asking an account for its head wakes it, and it delivers what it has not delivered yet.
  const isComplete = async () => {
    const { repos } = await get<{ repos: { did: string }[] }>('com.atproto.sync.listRepos')
    const heads = await Promise.all(
      repos.map(({ did }) => get<{ cid: string }>(`com.atproto.sync.getLatestCommit?did=${did}`)),
    )
    const commits = after.commits()
    return repos.length >= 6 && heads.every(({ cid }) => commits.has(cid))
  }
  // An account that was being created is resumed by a reminder, seconds after the start.
  let heard = -1
  const isQuiet = async () => {
    const before = heard
    heard = after.events.length
    return heard === before && (await isComplete())
  }
  await expect.poll(isQuiet, { ...WAIT, interval: 3000 }).toBe(true)
  after.close()
  const heardBefore = subscriber.events.map(({ seq }) => seq)
  const lastSeq = heardBefore.findLast((seq) => seq <= startedAt * 1000) ?? 0
  const kept = after.events.map(({ seq }) => seq).filter((seq) => seq <= lastSeq)
  expect(kept).toEqual(heardBefore.filter((seq) => seq <= lastSeq))

  // What was acknowledged after the backup began may be in it or not.
  const attempts = load.attempts.map((attempt) =>
    (attempt.answeredAt ?? Number.POSITIVE_INFINITY) < startedAt
      ? attempt
      : { ...attempt, status: 0 },
  )
  const verdict = await checkConsistency(server.url, { attempts, received: after.events })
  expect(verdict.acknowledged).toBeGreaterThan(20)
  process.stdout.write(`backup: ${JSON.stringify({ ...verdict, accounts: restored })}\n`)
})

async function signInOrCreate(url: string, name: string): Promise<string> {
  const agent = new AtpAgent({ service: url })
  const password = `password-of-${name}`
  const signIn = () => agent.login({ identifier: `${name}.test`, password }).then(() => 'signed in')
  return await signIn().catch(async () => {
    const created = await createTestAccount({ url }, name).then(
      () => 'created',
      () => null,
    )
    if (created !== null) return created
    // It was being created: it is resumed, or its name is free again in five minutes.
    const outcome = () => signIn().catch(({ status }: { status?: number }) => status ?? 0)
    await expect.poll(outcome, WAIT).toSatisfy((found) => found === 'signed in' || found === 401)
    return (await outcome()) === 'signed in' ? 'resumed' : 'reserved'
  })
}
