/** Which process sends the reminder of an account. */
import { beforeEach, describe, expect, it } from 'vitest'
import { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
let directory: TestDirectory

beforeEach(() => {
  directory = testDirectory()
})

const list = (process?: string) =>
  listReminders(directory, { after: '', limit: 10, ...(process && { process }) })

/** These processes ask for their reminders every 20 s. */
async function pass(ms: number, ...running: string[]): Promise<void> {
  for (let left = ms; left > 0; left -= 20_000) {
    directory.clock.time += Math.min(left, 20_000)
    for (const process of running) await list(process)
  }
}

describe('the reminder of an account', () => {
  it('a reminder is listed to its own process, and to no other one while that is running', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await pass(300_000, 'A', 'B')
    expect(await list('A')).toEqual([alice])
    expect(await list('B')).toEqual([])
  })

  it('a reminder is listed to the others 70 s after its process has asked last', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await pass(100_000, 'A', 'B')
    await pass(70_000, 'B')
    expect(await list('B')).toEqual([])
    await pass(1, 'B')
    expect(await list('B')).toEqual([alice])
    expect(await list('C')).toEqual([alice])
    await list('A')
    expect(await list('B')).toEqual([])
  })

  it('a process that starts again in its data folder gets its reminders at once, and no others', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await addReminder(directory, { did: bob, process: 'B' })
    const woken = testDirectory({ sql: directory.sql })
    const first = { after: '', limit: 10, process: 'A' }
    expect(await listReminders(woken, first)).toEqual([alice])
  })

  it('a directory that has just woken gives each process 70 s to ask', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    directory = testDirectory({ sql: directory.sql })
    await pass(70_000, 'B')
    expect(await list('B')).toEqual([])
    await pass(1, 'B')
    expect(await list('B')).toEqual([alice])
  })

  it('a process is running if the clock was set back after it asked, until it misses its next turns', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await pass(100_000, 'A', 'B')
    directory.clock.time -= 3_600_000
    await list('A')
    expect(await list('B')).toEqual([])
    await pass(71_000, 'B')
    expect(await list('B')).toEqual([alice])
  })

  it('a reminder without a process is listed to all', async () => {
    await addReminder(directory, { did: alice })
    expect(await list('A')).toEqual([alice])
    expect(await list('B')).toEqual([alice])
  })

  it('a caller of an older release gets all reminders', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await addReminder(directory, { did: bob })
    await list('A')
    expect(await list()).toEqual([alice, bob])
    expect(await listReminders(directory, { after: alice, limit: 10 })).toEqual([bob])
  })

  it('a reminder is of the process that added it last', async () => {
    await pass(71_000, 'A', 'B')
    for (const process of ['A', 'B']) await addReminder(directory, { did: alice, process })
    expect(await list('A')).toEqual([])
    expect(await list('B')).toEqual([alice])
    await addReminder(directory, { did: alice })
    expect(await list('A')).toEqual([alice])
  })

  it('adding the same reminder again writes nothing', async () => {
    let batches = 0
    directory = testDirectory({ onBatch: () => void batches++ })
    await addReminder(directory, { did: alice, process: 'A' })
    const first = batches
    await addReminder(directory, { did: alice, process: 'A' })
    expect(batches).toBe(first)
  })

  it('a process removes its own reminders and those of none, but not that of another', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await addReminder(directory, { did: bob, process: 'B' })
    await addReminder(directory, { did: 'did:plc:carol' })
    const dids = [alice, bob, 'did:plc:carol']
    await removeReminders(directory, { dids, process: 'A' })
    expect(await list()).toEqual([bob])
    await removeReminders(directory, { dids })
    expect(await list()).toEqual([])
  })

  it('the reminders that a process leaves when it stops are listed to all', async () => {
    await addReminder(directory, { did: alice, process: 'A' })
    await addReminder(directory, { did: bob, process: 'A' })
    await addReminder(directory, { did: 'did:plc:carol', process: 'C' })
    await list('C')
    await removeReminders(directory, { dids: [alice], process: 'A', isStopping: true })
    expect(await list('B')).toEqual([bob])
    await addReminder(directory, { did: bob, process: 'A' })
    expect(await list('B')).toEqual([])
  })
})

it('reminders of new accounts and those of the others are listed apart', async () => {
  await reserveAccount(directory, { did: alice, handle: 'alice.test', email: null, ...newKey })
  await confirmAccount(directory, { did: alice, ...confirmation })
  await addReminder(directory, { did: bob, process: 'A' })
  const page = { after: '', limit: 10, process: 'A' }
  expect(await listReminders(directory, { ...page, isNew: true })).toEqual([alice])
  expect(await listReminders(directory, { ...page, isNew: false })).toEqual([bob])
  expect(await listReminders(directory, page)).toEqual([alice, bob])
})
