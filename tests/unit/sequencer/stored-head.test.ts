import { expect, it } from 'vitest'
import { append } from '#src/sequencer/log.ts'
import { storedHead } from '#src/sequencer/stored-head.ts'
import {
  accountEntry,
  DAY_MS,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const start = startTime * 1_000
const log = (sequencer: TestSequencer, id: number, did: string, status?: string) =>
  append(sequencer, { did, entries: [accountEntry(id, did, status)] })

it('the stored head is that of the database, and not the time from which an empty log goes on', async () => {
  const sequencer = testSequencer()
  expect(await storedHead(sequencer)).toEqual({ seq: 0, seqAtWake: 0, wokeAt: startTime })
  await log(sequencer, 1, 'did:plc:a')
  expect(await storedHead(sequencer)).toEqual({ seq: start + 1, seqAtWake: 0, wokeAt: startTime })
  sequencer.setTime(startTime + 1_000)
  const later = sequencer.reopen()
  const wokeAt = startTime + 1_000
  expect(await storedHead(later)).toEqual({ seq: start + 1, seqAtWake: start + 1, wokeAt })
})

it('the stored head stays where it was if its events are trimmed or erased', async () => {
  const sequencer = testSequencer()
  await log(sequencer, 1, 'did:plc:a')
  await log(sequencer, 2, 'did:plc:b')
  await log(sequencer, 3, 'did:plc:b', 'deleted')
  const before = await storedHead(sequencer)
  expect(before.seq).toBe(start + 3)
  sequencer.setTime(startTime + 3 * DAY_MS)
  await sequencer.sql.batch([
    { sql: 'DELETE FROM log' },
    { sql: 'UPDATE edge SET trimmed = ?', params: [before.seq] },
  ])
  expect((await storedHead(sequencer.reopen())).seq).toBe(before.seq)
})

it('the stored head at wake is from before the first append, also if that comes first', async () => {
  const first = testSequencer()
  await log(first, 1, 'did:plc:a')
  const sequencer = first.reopen()
  await log(sequencer, 2, 'did:plc:a')
  expect(await storedHead(sequencer)).toMatchObject({ seq: start + 2, seqAtWake: start + 1 })
})

it('the stored head is durable', async () => {
  const syncing = Promise.withResolvers<void>()
  let syncs = 0
  let isHeld = false
  const sequencer = testSequencer({
    sync: async () => {
      syncs++
      if (isHeld) await syncing.promise
    },
  })
  await log(sequencer, 1, 'did:plc:a')
  isHeld = true
  const before = syncs
  let isNoted = false
  const noting = storedHead(sequencer).then(({ seq }) => {
    isNoted = true
    return seq
  })
  await expect.poll(() => syncs).toBe(before + 1)
  await new Promise(setImmediate)
  expect(isNoted).toBe(false)
  syncing.resolve()
  expect(await noting).toBe(start + 1)
})
