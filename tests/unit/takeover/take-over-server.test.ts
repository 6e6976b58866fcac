import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findAccount } from '#src/directory/directory.ts'
import { checkTakeover } from '#src/gateway/data-checks/check-takeover.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { read } from '#src/sequencer/log.ts'
import { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { takeOverServer } from '#src/takeover/take-over-server.ts'
import { testDid } from '#tests/support/open-account.ts'
import { post } from '#tests/support/records.ts'
import { insert, referenceTime, testReference } from '#tests/support/reference-folder.ts'
import { Killed, takeoverTarget } from '#tests/support/takeover-target.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'
import { readFrame } from '#tests/support/test-sequencer.ts'

const gone = 'did:plc:gonegonegonegonegonegone'
const first = 'app.bsky.feed.post/3kaaaaaaaaa22'

function reference() {
  const source = testReference()
  onTestFinished(() => source.close())
  const records = { [first]: post('one') }
  const repo = source.add({ did: testDid, handle: 'Alice.test', records })
  insert(source.accounts, 'invite_code', {
    ...{ code: 'code', availableUses: 1, forAccount: testDid, createdBy: 'admin' },
    createdAt: referenceTime,
  })
  insert(source.accounts, 'device', {
    ...{ id: 'dev-1', sessionId: 'ses-1', userAgent: null, ipAddress: '192.0.2.1' },
    lastSeenAt: referenceTime,
  })
  insert(source.accounts, 'account_device', {
    ...{ did: testDid, deviceId: 'dev-1', createdAt: referenceTime, updatedAt: referenceTime },
  })
  const sequencedAt = new Date().toISOString()
  for (const did of [testDid, gone]) {
    insert(source.sequencer, 'repo_seq', { did, eventType: 'account', sequencedAt })
  }
  return { source, repo }
}

async function target(path: string) {
  const server = await takeoverTarget()
  const dataDirectory = tempFolder('takeover')
  const ports = {
    ...{ folder: new ReferenceFolder(path), dataDirectory, dispatch: server.dispatch },
    ...{ keys: server.account.keys, clock: { now: () => Date.now() }, report: () => {} },
  }
  const run = (finish: boolean, leaveOut = false) => takeOverServer(ports, { finish, leaveOut })
  return { ...server, run }
}

describe('the takeover of a server', () => {
  it('a pass takes each account once, and a later one only what has changed', async () => {
    const { source } = reference()
    const { run } = await target(source.path)
    const totals = { state: 'open', accounts: 1, taken: 1, records: 1, inviteCodes: 1 }
    expect(await run(false)).toMatchObject({ ...totals, pass: { taken: 1, unchanged: 0 } })
    expect(await run(false)).toMatchObject({ ...totals, pass: { taken: 0, unchanged: 1 } })
    insert(source.accounts, 'app_password', {
      ...{ did: testDid, name: 'phone', passwordScrypt: 'hash', createdAt: referenceTime },
    })
    expect((await run(false)).pass).toMatchObject({ taken: 1, unchanged: 0 })
  })

  it('it is not finished while the reference runs, and the server does not start before', async () => {
    const { source } = reference()
    const { run, directory } = await target(source.path)
    const settings = {
      get: async ({ name }: { name: string }) => {
        const sql = 'SELECT value FROM setting WHERE name = ?'
        return (await directory.sql.first<{ value: string }>(sql, name))?.value ?? null
      },
    }
    const startable = () => checkTakeover({ directory: { settings } } as never)
    await startable()
    await run(false)
    await expect(run(true)).rejects.toThrow('stop the reference PDS first')
    await expect(startable()).rejects.toThrow('not finished')
    source.close()
    await run(true)
    await startable()
    await expect(run(false)).rejects.toThrow('the takeover is complete')
    // As of a command that was killed when all was done.
    expect(await run(true)).toMatchObject({ state: 'done', taken: 1, pass: undefined })
  })

  it('the finished server knows the account, its head and its browser, and tells relays', async () => {
    const { source, repo } = reference()
    const { run, directory, sequencer, account, shards } = await target(source.path)
    source.close()
    expect(await run(true)).toMatchObject({ pass: { taken: 1 }, leftOut: [], announced: 2 })
    expect(await findAccount(directory, { identifier: 'alice.test' })).toMatchObject({
      ...{ did: testDid, status: 'active' },
    })
    expect(await headsOf(sequencer, { dids: [testDid] })).toEqual({
      [testDid]: { head: repo.root, rev: repo.rev },
    })
    const devices = await Promise.all(
      shards.map(({ sql }) => sql.all('SELECT device_id, did FROM device_account')),
    )
    expect(devices.flat()).toEqual([{ device_id: 'dev-1', did: testDid }])
    await account.outbox.settled()
    expect(account.delivered.map(({ kind }) => kind)).toEqual(['#account', '#identity', '#sync'])
    const { events } = await read(sequencer, { after: 0, limit: 10 })
    expect(events.map(({ frame }) => readFrame(frame))).toMatchObject([
      { kind: '#account', did: gone },
    ])
  })

  it('an account without a key stops the end, unless it is left out', async () => {
    const { source } = reference()
    source.add({ did: gone, handle: 'gone.test' })
    const { rmSync } = await import('node:fs')
    const folder = new ReferenceFolder(source.path)
    rmSync(join(folder.actorFolder(gone), 'key'))
    const { run, sequencer } = await target(source.path)
    source.close()
    await expect(run(true)).rejects.toThrow('it has no signing key')
    const reason = 'it has no signing key'
    expect(await run(true, true)).toMatchObject({
      ...{ announced: 1, taken: 1, accounts: 2, leftOut: [{ did: gone, reason }] },
    })
    expect((await read(sequencer, { after: 0, limit: 10 })).events).toEqual([])
  })

  it('an account that the reference has deleted since the first pass is not here either', async () => {
    const { source } = reference()
    const { run, account, directory } = await target(source.path)
    await run(false)
    source.accounts.exec('DELETE FROM actor; DELETE FROM account')
    source.close()
    expect(await run(true)).toMatchObject({ accounts: 0, pass: { deleted: 1 } })
    expect(await account.profile.find()).toBeUndefined()
    expect(await findAccount(directory, { identifier: testDid })).toBeNull()
  })

  it('killed after any call and run again, it comes to the same end', async () => {
    const { source, repo } = reference()
    source.close()
    for (let kill = 0; ; kill++) {
      const { run, killAfter, account, directory } = await target(source.path)
      killAfter(kill)
      const outcome = await run(true).catch((error: unknown) => error)
      killAfter(Number.POSITIVE_INFINITY)
      if (outcome instanceof Killed) {
        expect(await run(true)).toMatchObject({ state: 'done', accounts: 1, taken: 1, records: 1 })
      }
      const { cid, rev } = await account.lane.head()
      expect({ cid, rev }).toEqual({ cid: repo.root, rev: repo.rev })
      expect(await account.sql.all('SELECT path FROM record')).toEqual([{ path: first }])
      expect(await findAccount(directory, { identifier: testDid })).not.toBeNull()
      if (!(outcome instanceof Killed)) {
        expect(kill).toBeGreaterThan(8)
        return
      }
    }
  })
})
