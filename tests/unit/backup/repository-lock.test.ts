import { afterEach, beforeEach, expect, it } from 'vitest'
import { backUpTo } from '#src/backup/back-up-to-repository.ts'
import { BackupRepository } from '#src/backup/repository.ts'
import { lockRepository } from '#src/backup/repository-lock.ts'
import { folderStorage } from '#src/ports/archive-storage-folder.ts'
import { BackupFixture } from '#tests/support/backup-fixture.ts'

let fixture: BackupFixture
let now: Date
beforeEach(() => {
  fixture = new BackupFixture()
  now = new Date('2026-11-29T12:00:00Z')
})
afterEach(() => fixture[Symbol.dispose]())

const storage = () => folderStorage(fixture.at('bucket'))
const backUp = () =>
  backUpTo(new BackupRepository(storage(), undefined), fixture.foldersIn('server'), { now, clock })
const clock = { now: () => now.getTime() }
const timer = () => () => {}
const lock = (host: string, server?: string) =>
  lockRepository(storage(), { host, folder: '/pds', server }, { clock, timer })

it('a second process is refused while one writes, and may write afterwards', async () => {
  const first = await lock('one')
  await expect(lock('two')).rejects.toThrow('another backup writes into')
  await expect(backUp()).rejects.toThrow('from /pds on one')
  await first.mustHold()
  await first[Symbol.asyncDispose]()
  await backUp()
})

it('what a killed process has left keeps its own machine away not at all, and others for ten minutes', async () => {
  await lock('one')
  await (await lock('one'))[Symbol.asyncDispose]()
  await lock('one')
  await expect(lock('two')).rejects.toThrow('another backup writes into')
  now = new Date(now.getTime() + 10 * 60_000)
  await lock('two')
})

it('another server in a container of the same name is kept away', async () => {
  await lock('headwater-backup', 'one')
  await expect(lock('headwater-backup', 'two')).rejects.toThrow('another backup writes into')
  await (await lock('headwater-backup', 'one'))[Symbol.asyncDispose]()
})

it('who was held up for so long that another took over does not finish', async () => {
  const first = await lock('one')
  now = new Date(now.getTime() + 10 * 60_000)
  await lock('two')
  await expect(first.mustHold()).rejects.toThrow('has removed the lock')
})

it('who lost the lock does not get it back by renewing it, also when the other has ended', async () => {
  let renew = () => {}
  let rounds = 0
  const own = { host: 'one', folder: '/pds' }
  const first = await lockRepository(storage(), own, {
    clock,
    timer: (_, run) => {
      renew = run
      rounds++
      return () => {}
    },
  })
  now = new Date(now.getTime() + 10 * 60_000)
  await (await lock('two'))[Symbol.asyncDispose]()
  renew()
  await expect.poll(() => rounds).toBe(2)
  await expect(first.mustHold()).rejects.toThrow('removed the lock of this backup')
})
