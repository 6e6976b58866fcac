/** A sequencer on `node:sqlite` whose clock and timer are in the test's hand. */
import { decodeAll } from '@atproto/lex-cbor'
import { encodeAccountEvent, encodeCommitEvent } from '#src/protocol/events.ts'
import type { InTurn } from '#src/sequencer/append-lane.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import { sequencerSchema } from '#src/sequencer/schema.ts'
import { openSequencer, type Sequencer } from '#src/sequencer/sequencer.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'

export interface TestSequencer extends Sequencer {
  sql: NodeSql
  /** What the clock says, in ms; timers fire when it is moved past them. */
  setTime(ms: number): void
  /** As after a sleep: nothing is left but the database and the time. */
  reopen(): TestSequencer
}

export const startTime = 1_700_000_000_000
export const DAY_MS = 86_400_000

/** The window is a day unless told. */
export function testSequencer(
  options: { onBatch?: NodeSqlOptions['onBatch']; inTurn?: InTurn; backfillMs?: number } = {},
): TestSequencer {
  const { backfillMs = DAY_MS, onBatch, inTurn } = options
  const sql = nodeSql({ schema: sequencerSchema, ...(onBatch && { onBatch }) })
  let now = startTime
  const timers = new Map<object, { at: number; run: () => void }>()
  const timer = (ms: number, run: () => void) => {
    const key = {}
    timers.set(key, { at: now + ms, run })
    return () => void timers.delete(key)
  }
  function setTime(ms: number): void {
    now = ms
    for (const [key, { at, run }] of [...timers]) {
      if (at <= now && timers.delete(key)) run()
    }
  }
  const open = (): TestSequencer => ({
    ...openSequencer({
      sql,
      clock: { now: () => now },
      timer,
      backfillMs,
      ...(inTurn && { inTurn }),
    }),
    sql,
    setTime,
    reopen: open,
  })
  return open()
}

/** An event that says which it is: `id` comes back out of its frame. */
export function accountEntry(id: number, did: string, status?: string): OutboxEntry {
  const active = status === undefined
  const event = encodeAccountEvent({ did, time: String(id), active, ...(status && { status }) })
  return { id, ...event }
}

/** A commit of `size` bytes of blocks. */
export function commitEntry(id: number, did: string, rev: string, size = 10): OutboxEntry {
  const commit = 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi'
  const event = encodeCommitEvent({
    did,
    time: String(id),
    commit,
    rev,
    since: null,
    prevData: null,
    ops: [],
    blocks: new Uint8Array(size),
  })
  return { id, ...event, head: commit, rev }
}

/** What a subscriber makes of a frame. */
export function readFrame(frame: Uint8Array): {
  kind: string
  seq: number
  did: string
  id: number
} {
  const [header, body] = [...decodeAll(frame)] as [{ t: string }, Record<string, unknown>]
  const did = (body['did'] ?? body['repo']) as string
  return { kind: header.t, seq: body['seq'] as number, did, id: Number(body['time']) }
}
