import { expect, it } from 'vitest'
import { append } from '#src/sequencer/log.ts'
import { size } from '#src/sequencer/log-size.ts'
import {
  accountEntry,
  commitEntry,
  DAY_MS,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'

async function addCommits(sequencer: TestSequencer, did: string, from: number, count: number) {
  for (let sent = 0; sent < count; sent += 50) {
    const ids = Array.from({ length: Math.min(50, count - sent) }, (_, i) => from + sent + i)
    const entries = ids.map((id) => commitEntry(id, did, String(id)))
    await append(sequencer, { did, entries })
  }
}

/** What the table holds, which takes too long to count on a server. */
async function counted({ sql }: TestSequencer) {
  const row = await sql.first<{ n: number; oldest: number | null }>(
    'SELECT count(*) AS n, min(seq) AS oldest FROM log',
  )
  const oldest = row?.oldest ?? null
  return { events: row?.n, oldestAt: oldest === null ? null : oldest / 1_000 }
}

it('the size of an empty log is 0 events', async () => {
  expect(await size(testSequencer())).toMatchObject({ events: 0, oldestAt: null, added: 0 })
})

it('the number of events is exact while events are added, trimmed and erased, and after a restart', async () => {
  const sequencer = testSequencer()
  await addCommits(sequencer, alice, 1, 700)
  await addCommits(sequencer, bob, 1, 100)
  expect(await size(sequencer)).toMatchObject({ events: 800, added: 800 })
  expect(await size(sequencer)).toMatchObject(await counted(sequencer))
  sequencer.setTime(startTime + DAY_MS + 3_600_001)
  await addCommits(sequencer, bob, 101, 300)
  expect((await size(sequencer)).events).toBeLessThan(1_100)
  expect(await size(sequencer)).toMatchObject(await counted(sequencer))
  await append(sequencer, { did: bob, entries: [accountEntry(401, bob, 'deleted')] })
  expect(await size(sequencer)).toMatchObject(await counted(sequencer))
  const later = sequencer.reopen()
  expect(await size(later)).toMatchObject({ ...(await counted(sequencer)), added: 0 })
  await addCommits(later, alice, 701, 600)
  expect(await size(later)).toMatchObject({ ...(await counted(later)), added: 600 })
})

it('the size grows with the bytes of the events', async () => {
  const sequencer = testSequencer()
  const { bytes } = await size(sequencer)
  await append(sequencer, { did: alice, entries: [commitEntry(1, alice, '1', 200_000)] })
  expect((await size(sequencer)).bytes - bytes).toBeGreaterThanOrEqual(100_000)
})
