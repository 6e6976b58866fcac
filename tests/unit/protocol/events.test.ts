import { expect, it } from 'vitest'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import {
  type CommitEvent,
  type CommitOp,
  encodeAccountEvent,
  encodeCommitEvent,
  encodeIdentityEvent,
  encodeSyncEvent,
  MAX_OP_BYTES,
  readOps,
} from '#src/protocol/events.ts'
import { type EncodedEvent, frame, opsAt } from '#src/protocol/frames.ts'
import {
  cborIntegers,
  cborLengths,
  encoded,
  expectBytes,
  textsOf,
  type Value,
} from '#tests/support/foreign-encoders.ts'

const [a, b, c] = [1, 2, 3].map((n) => cidForCbor(Uint8Array.of(n))) as [string, string, string]
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const time = '2026-01-01T00:00:00.000Z'
const rev = '3mbcdefghijk2'

const commit: CommitEvent = {
  did,
  time,
  commit: a,
  rev,
  since: '3mbcdefghij22',
  prevData: b,
  ops: [{ action: 'create', path: 'a.b/c', cid: c }],
  blocks: Uint8Array.of(1, 2, 3),
}

function opOf({ action, path, cid, prev }: CommitOp): Value {
  const link = cid === null ? null : { $link: cid }
  return { action, path, cid: link, ...(prev === undefined ? {} : { prev: { $link: prev } }) }
}

/** The body of a `#commit`, as the lexicon says it. */
function commitBody(event: CommitEvent, seq: number): Value {
  return {
    seq,
    rebase: false,
    tooBig: false,
    repo: event.did,
    commit: { $link: event.commit },
    rev: event.rev,
    since: event.since,
    blocks: event.blocks,
    ops: event.ops.map(opOf),
    blobs: [],
    ...(event.prevData === null ? {} : { prevData: { $link: event.prevData } }),
    time: event.time,
  }
}

/** Expects the frame of the event to be what other encoders make of its header and this body. */
function expectFrame({ kind, event, seqAt }: EncodedEvent, seq: number, body: Value): void {
  const expected = Buffer.concat([encoded({ op: 1, t: kind }), encoded(body)])
  expectBytes(frame(kind, event, seqAt, seq), expected)
}

function expectCommit(change: Partial<CommitEvent>, seq = 7): void {
  const event = { ...commit, ...change }
  expectFrame(encodeCommitEvent(event), seq, commitBody(event, seq))
}

it.each(cborIntegers)(
  '#commit, #sync, #identity and #account carry seq %i as other encoders write it',
  (seq) => {
    expectCommit({}, seq)
    const sync = { did, time, rev, blocks: commit.blocks }
    expectFrame(encodeSyncEvent({ ...sync, commit: a }), seq, { ...sync, seq })
    expectFrame(encodeIdentityEvent({ did, time }), seq, { did, time, seq })
    const account = { did, time, active: true }
    expectFrame(encodeAccountEvent(account), seq, { ...account, seq })
  },
)

it.each(cborLengths)('#commit carries a CAR of %i bytes as other encoders write it', (length) => {
  expectCommit({ blocks: new Uint8Array(length).fill(length) })
})

it.each(cborLengths.slice(0, -2))(
  '#commit carries %i operations as other encoders write them',
  (length) => {
    const ops = Array.from({ length }, (_, i) => ({ ...commit.ops[0]!, path: `a.b/${i}` }))
    expectCommit({ ops })
  },
)

it.each<[string, CommitOp]>([
  ['a create', { action: 'create', path: 'a.b/c', cid: a }],
  ['an update', { action: 'update', path: 'a.b/c', cid: a, prev: b }],
  ['a delete', { action: 'delete', path: 'a.b/c', cid: null, prev: c }],
  ['a delete of an unknown record', { action: 'delete', path: 'a.b/c', cid: null }],
  ['a link to raw bytes', { action: 'create', path: 'a.b/c', cid: cidForRaw(Uint8Array.of(1)) }],
])('#commit carries %s as other encoders write it', (_, op) => {
  expectCommit({ ops: [op] })
  expectCommit({ ops: [op, commit.ops[0]!, op] })
})

it.each(cborLengths)('#commit carries a path of %i bytes as other encoders write it', (length) => {
  expectCommit({ ops: [{ action: 'create', path: 'x'.repeat(length), cid: a }] })
})

it('#commit of a new repo has no since and no prevData', () => {
  expectCommit({ since: null, prevData: null })
  expectCommit({ since: null })
  expectCommit({ prevData: null })
})

it.each(cborLengths)(
  'every event carries a DID of %i bytes as other encoders write it',
  (length) => {
    const long = 'd'.repeat(length)
    expectCommit({ did: long })
    const sync = { did: long, time, rev, blocks: commit.blocks }
    expectFrame(encodeSyncEvent({ ...sync, commit: a }), 1, { ...sync, seq: 1 })
    expectFrame(encodeIdentityEvent({ did: long, time }), 1, { did: long, time, seq: 1 })
    const account = { did: long, time, active: true }
    expectFrame(encodeAccountEvent(account), 1, { ...account, seq: 1 })
  },
)

it.each(cborLengths)('#sync carries a CAR of %i bytes as other encoders write it', (length) => {
  const sync = { did, time, rev, blocks: new Uint8Array(length).fill(length) }
  expectFrame(encodeSyncEvent({ ...sync, commit: a }), 9, { ...sync, seq: 9 })
})

it.each(cborLengths)(
  '#identity carries a handle of %i bytes as other encoders write it',
  (length) => {
    for (const handle of textsOf(length)) {
      const identity = { did, time, handle }
      expectFrame(encodeIdentityEvent(identity), 9, { ...identity, seq: 9 })
    }
  },
)

it.each(['takendown', 'suspended', 'deleted', 'deactivated'])(
  '#account carries the status %s as other encoders write it',
  (status) => {
    const account = { did, time, active: false, status }
    expectFrame(encodeAccountEvent(account), 9, { ...account, seq: 9 })
  },
)

it('#commit and #sync name the commit and the rev beside their bytes, the others do not', () => {
  expect(encodeCommitEvent(commit)).toMatchObject({ kind: '#commit', head: a, rev })
  const sync = { did, time, rev, commit: b, blocks: commit.blocks }
  expect(encodeSyncEvent(sync)).toMatchObject({ kind: '#sync', head: b, rev })
  const keys = ['kind', 'event', 'seqAt']
  expect(Object.keys(encodeIdentityEvent({ did, time }))).toEqual(keys)
  expect(Object.keys(encodeAccountEvent({ did, time, active: true }))).toEqual(keys)
})

it('operations are read as they were encoded, and the first ones also from bytes that end after them', () => {
  const path = `${'c'.repeat(317)}/${'k'.repeat(512)}`
  const ops = Array.from({ length: 300 }, (_, n) => ({
    ...{ action: 'update' as const, path: `${path.slice(0, -3)}${100 + n}`, cid: a, prev: b },
  }))
  const { event, place } = encodeCommitEvent({ ...commit, ops })
  const bytes = event.subarray(opsAt, opsAt + place!.opsLength)
  expect(readOps(bytes)).toEqual({ ops, count: 300 })
  const first = readOps(bytes.subarray(0, 9 + 2 * MAX_OP_BYTES), 2)
  expect(first).toEqual({ ops: ops.slice(0, 2), count: 300 })
  expect(() => readOps(bytes.subarray(0, 500), 2)).toThrow('ends within')
})
