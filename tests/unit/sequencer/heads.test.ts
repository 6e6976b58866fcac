import { expect, it } from 'vitest'
import { headsOf } from '#src/sequencer/heads.ts'
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
