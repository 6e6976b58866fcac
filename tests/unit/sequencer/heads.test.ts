import { expect, it } from 'vitest'
import { adoptHeads, headsOf } from '#src/sequencer/heads.ts'
import { append } from '#src/sequencer/log.ts'
import { accountEntry, commitEntry, testSequencer } from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'

it('heads are those of the latest commits', async () => {
  const sequencer = testSequencer()
  const first = commitEntry(1, alice, 'rev1')
  await append(sequencer, { did: alice, entries: [first, commitEntry(2, alice, 'rev2')] })
  await append(sequencer, { did: alice, entries: [accountEntry(3, alice)] })
  await append(sequencer, { did: bob, entries: [accountEntry(1, bob)] })
  expect(await headsOf(sequencer, { dids: [alice, bob, 'did:plc:nobody'] })).toEqual({
    [alice]: { head: first.head, rev: 'rev2' },
  })
})

it('a head that was taken over is replaced by a later pass, and not once the account has events', async () => {
  const sequencer = testSequencer()
  const { head } = commitEntry(1, alice, 'rev2')
  const adopt = (rev: string) =>
    adoptHeads(sequencer, { heads: [{ did: alice, head: head!, rev }] })
  await adopt('rev1')
  await adopt('rev2')
  expect(await headsOf(sequencer, { dids: [alice] })).toEqual({ [alice]: { head, rev: 'rev2' } })
  await append(sequencer, { did: alice, entries: [commitEntry(1, alice, 'rev3')] })
  await adopt('rev2')
  expect(await headsOf(sequencer, { dids: [alice] })).toEqual({ [alice]: { head, rev: 'rev3' } })
})
