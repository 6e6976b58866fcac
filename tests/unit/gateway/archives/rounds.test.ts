import { describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { putPreferences } from '#src/account/preferences/preferences.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { storeToken } from '#src/account/sessions/refresh-tokens.ts'
import { findArchives } from '#src/archive/storage-archives.ts'
import { verifyArchive } from '#src/archive/verify-archive.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { archiveAll, startArchiveRounds } from '#src/gateway/archives/rounds.ts'
import { scratchAccount } from '#src/rules/scratch-accounts.ts'
import {
  type ArchiveServer,
  addAccount,
  addBlob,
  alice,
  archiveServer,
  bob,
  serverKey,
  testFolder,
} from '#tests/support/archive-server.ts'
import type { EmptyAccount } from '#tests/support/empty-account.ts'
import { eddie, makeGroup } from '#tests/support/group-scenarios.ts'
import { post } from '#tests/support/records.ts'

const DAY_MS = 24 * 3_600_000
const goOn = () => false

async function withTwo() {
  const folder = testFolder()
  const server = archiveServer(folder)
  const a = await addAccount(server, alice, 'alice.test')
  const b = await addAccount(server, bob, 'bob.test')
  return { folder, server, a, b }
}

const write = (account: EmptyAccount) =>
  createRecord(account, {
    collection: 'app.bsky.feed.post',
    record: post('hello'),
    validate: false,
  })

async function archived(server: ArchiveServer): Promise<string[] | undefined> {
  const result = await archiveAll(server.ports, goOn)
  return result?.archived.map(({ did }) => did).toSorted()
}

describe('a round', () => {
  it('archives what has changed since the last, and no more often than it is to', async () => {
    const { server, a } = await withTwo()
    expect(await archived(server)).toEqual([bob, alice])
    await write(a)
    server.clock.time += DAY_MS - 1
    expect(await archived(server)).toBeUndefined()
    server.clock.time += 1
    expect(await archived(server)).toEqual([alice])
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([])
  })

  it.each<[string, (account: EmptyAccount) => Promise<unknown>]>([
    ['a new password', (a) => setPassword(a, { password: 'another one' })],
    ['a takedown', (a) => changeState(a, { takedownRef: 'case 1' })],
    ['a new member', (a) => makeGroup(a, { [eddie]: 'editor' })],
    [
      'an app password',
      (a) =>
        createAppPassword(a, { name: 'phone', password: 'abcd-efgh-ijkl-mnop', privileged: false }),
    ],
    [
      'preferences',
      (a) =>
        putPreferences(a, {
          preferences: [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }],
          fullAccess: true,
        }),
    ],
  ])('archives an account with %s, though its repo is the same, once', async (_, change) => {
    const { server, a } = await withTwo()
    await archived(server)
    await change(a)
    await a.privateOutbox.settled()
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([alice])
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([])
  })

  it('archives no account because somebody has signed in', async () => {
    const { server, a } = await withTwo()
    await archived(server)
    const now = server.clock.now()
    await a.sql.batch([...storeToken(a, 'phone', now), ...addSecurityEvent(a, 'sign in')])
    await a.privateOutbox.settled()
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([])
  })

  it('goes on with the other accounts if one fails, tells of it once, and tries it again', async () => {
    const { folder, server } = await withTwo()
    const put = folder.storage.put
    folder.storage.put = async (key, source) => {
      if (key.includes(alice)) throw new Error('the bucket is away')
      return put(key, source)
    }
    expect(await archived(server)).toEqual([bob])
    const failure = { did: alice, what: 'archive', message: 'the bucket is away' }
    expect(server.told).toEqual([failure])
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([])
    expect(server.told).toEqual([failure])
    folder.storage.put = put
    server.clock.time += DAY_MS
    expect(await archived(server)).toEqual([alice])
  })

  it('is done by one process, and gone on with by another after a kill', async () => {
    const { folder, server } = await withTwo()
    const put = folder.storage.put
    let isKilled = false
    let second: unknown = 'not asked'
    folder.storage.put = async () => {
      if (!isKilled) {
        isKilled = true
        second = await archiveAll(server.ports, goOn)
      }
      // What a killed process would do after this, it does not do.
      return new Promise(() => {})
    }
    void archiveAll(server.ports, goOn)
    await expect.poll(() => second).toBeUndefined()
    folder.storage.put = put
    // The leases of the killed process end.
    server.clock.time += 60_001
    expect(await archived(server)).toEqual([bob, alice])
    expect((await findArchives(folder.storage, alice)).complete).toHaveLength(1)
    expect(await server.ports.dispatch.directory.archives.getRound()).toMatchObject({
      endedAt: server.clock.now(),
    })
  })

  it('stops when the server does, and is gone on with after the next start', async () => {
    const { server } = await withTwo()
    await archiveAll(server.ports, () => true)
    const { archives } = server.ports.dispatch.directory
    expect(await archives.getRound()).toMatchObject({ endedAt: null })
    expect(await archived(server)).toEqual([bob, alice])
  })

  it('tries a sample of the archives once a week', async () => {
    const { server } = await withTwo()
    await archived(server)
    const drilled = async () => {
      const states = await server.ports.dispatch.directory.archives.states({ dids: [alice, bob] })
      return states.map(({ drilledAt }) => drilledAt)
    }
    const first = server.clock.now()
    expect(await drilled()).toEqual([first, first])
    server.clock.time += 6 * DAY_MS
    await archived(server)
    expect(await drilled()).toEqual([first, first])
    server.clock.time += DAY_MS
    await archived(server)
    const second = server.clock.now()
    expect(await drilled()).toEqual([second, second])
  })

  it('does not take an archive for damaged because another one is being tried', async () => {
    const { server } = await withTwo()
    const { archives } = server.ports.dispatch.directory
    for (const n of [0, 1]) {
      await archives.takeLease({ name: scratchAccount(n), holder: 'another', ms: DAY_MS })
    }
    await archived(server)
    expect(await archives.summarize()).toMatchObject({ drillsFailed: 0 })
    expect(server.told).toEqual([])
  })

  it('deletes the archives of an account that was deleted a month ago', async () => {
    const { folder, server, a } = await withTwo()
    await archived(server)
    await deleteAccount(a)
    await finishDeletion(a)
    await removeDeletedAccount(server.directory, { did: alice })
    server.clock.time += 29 * DAY_MS
    await archived(server)
    expect((await findArchives(folder.storage, alice)).complete).toHaveLength(1)
    server.clock.time += 2 * DAY_MS
    await archived(server)
    const left: string[] = []
    for await (const { key } of folder.storage.list('accounts/')) left.push(key)
    expect(left.filter((key) => key.includes(alice))).toEqual([])
    expect(left.length).toBeGreaterThan(0)
    const { archives } = server.ports.dispatch.directory
    expect(await archives.states({ dids: [alice] })).toEqual([])
  })

  it('leaves what another server has in the same place of an account that was deleted here', async () => {
    const { folder, server, a } = await withTwo()
    await archived(server)
    const other = archiveServer(folder)
    const moved = await addAccount(other, alice, 'alice.other.test')
    const ports = { ...other.ports, serviceDid: 'did:web:other.example' }
    const picture = await addBlob(moved, 'a picture')
    const record = { ...post('moved'), picture }
    const collection = 'app.bsky.feed.post'
    await createRecord(moved, { collection, record, validate: false })
    await moved.blobs.whenReconciled()
    other.clock.time += DAY_MS
    const { manifest } = await createArchive(ports, alice)
    await deleteAccount(a)
    await finishDeletion(a)
    await removeDeletedAccount(server.directory, { did: alice })
    server.clock.time += 31 * DAY_MS
    await archived(server)
    expect((await findArchives(folder.storage, alice)).complete).toEqual([manifest.archive])
    const verify = { storage: folder.storage, trusted: [serverKey.did()] }
    await verifyArchive(verify, { did: alice, archive: manifest.archive })
  })

  it('is not begun without a place for archives, or if archives are made by command only', async () => {
    const { server } = await withTwo()
    const timer = () => {
      throw new Error('nothing is to be begun')
    }
    startArchiveRounds({ ...server.ports, timer, openStorage: undefined })()
    startArchiveRounds({ ...server.ports, timer, intervalMs: 0 })()
  })
})
