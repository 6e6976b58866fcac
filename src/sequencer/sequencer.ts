/** What every room function of the sequencer is given: its database, its one writer, and the newest events in memory. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'
import { AppendLane, type InTurn } from '#src/sequencer/append-lane.ts'
import { Tail } from '#src/sequencer/tail.ts'

export interface SequencerPorts {
  sql: Sql
  clock: Clock
  timer: Timer
  /** How far back a cursor may reach, in milliseconds. */
  backfillMs: number
  /** When the log may be written; at once unless told. */
  inTurn?: InTurn
  /** Called when a follower waits for whom others wait; what it returns, when it no longer does. */
  holdSubscribed?: () => () => void
}

/** The sequencer, open: built once per wake. */
export interface Sequencer {
  readonly sql: Sql
  readonly clock: Clock
  readonly backfillMs: number
  /** The only way to add to the log. */
  readonly lane: AppendLane
  readonly tail: Tail
  holdSubscribed(): () => void
}

/** Reads nothing yet: the first call does. */
export function openSequencer(ports: SequencerPorts): Sequencer {
  const { sql, clock, timer, backfillMs } = ports
  const inTurn = ports.inTurn ?? ((transaction) => Promise.resolve().then(transaction))
  const tail = new Tail({ sql, clock, timer })
  const lane = new AppendLane({ sql, clock, tail, backfillMs, inTurn })
  return {
    sql,
    clock,
    backfillMs,
    lane,
    tail,
    holdSubscribed: ports.holdSubscribed ?? (() => () => {}),
  }
}
