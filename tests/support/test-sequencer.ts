/** A sequencer on `node:sqlite`, with a clock and a timer that the test sets. */
import { decodeAll } from '@atproto/lex-cbor'
import { encodeAccountEvent, encodeCommitEvent } from '#src/protocol/events.ts'
import type { InTurn } from '#src/sequencer/append-lane.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { PrivateEntry } from '#src/sequencer/private-log.ts'
import { sequencerSchema } from '#src/sequencer/schema.ts'
import { openSequencer, type Sequencer } from '#src/sequencer/sequencer.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'

export interface TestSequencer extends Sequencer {
  sql: NodeSql
  /** Sets the clock, in ms; timers up to then fire. */
  setTime(ms: number): void
  /** The sequencer after a restart: only the database and the time remain. */
  reopen(): TestSequencer
}

export const startTime = 1_700_000_000_000
export const DAY_MS = 86_400_000

/** The backfill window is a day by default. */
export function testSequencer(
  options: {
    sql?: NodeSql
    onBatch?: NodeSqlOptions['onBatch']
    sync?: NodeSqlOptions['sync']
    inTurn?: InTurn
    backfillMs?: number
  } = {},
): TestSequencer {
  const { backfillMs = DAY_MS, onBatch, sync, inTurn } = options
  const hooks = { ...(onBatch && { onBatch }), ...(sync && { sync }) }
  const sql = options.sql ?? nodeSql({ schema: sequencerSchema, ...hooks })
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

/** An #account event; `id` can be read back from its frame. */
export function accountEntry(id: number, did: string, status?: string): OutboxEntry {
  const active = status === undefined
  const event = encodeAccountEvent({ did, time: String(id), active, ...(status && { status }) })
  return { id, ...event }
}

const commit = 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi'

/** A commit event with `size` bytes of blocks, and as many operations. */
export function commitEntry(
  id: number,
  did: string,
  rev: string,
  size = 10,
  operations = 0,
): OutboxEntry {
  const ops = Array.from({ length: operations }, (_, i) => {
    return { action: 'create', path: `com.example.thing/${i}`, cid: commit } as const
  })
  const event = encodeCommitEvent({
    did,
    time: String(id),
    commit,
    rev,
    since: null,
    prevData: null,
    ops,
    blocks: new Uint8Array(size),
  })
  return { id, ...event, head: commit, rev }
}

/** A private event that says its own id. */
export function privateEntry(id: number, kind = '#session', subject?: string): PrivateEntry {
  const body = JSON.stringify({ id })
  return { id, kind, time: startTime, body, ...(subject !== undefined && { subject }) }
}

/** What a subscriber reads from a frame. */
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
