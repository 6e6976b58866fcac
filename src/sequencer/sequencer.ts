/** The context of all sequencer functions: database, append lane, and the newest events in memory. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'
import { AppendLane, type InTurn } from '#src/sequencer/append-lane.ts'
import { Tail } from '#src/sequencer/tail.ts'

export interface SequencerPorts {
  sql: Sql
  clock: Clock
  timer: Timer
  backfillMs: number
  inTurn?: InTurn
  /** Called when a gateway with subscribers starts to follow; the function it returns, when that call ends. */
  holdSubscribed?: () => () => void
}

export interface Sequencer {
  readonly sql: Sql
  readonly clock: Clock
  readonly backfillMs: number
  readonly lane: AppendLane
  readonly tail: Tail
  holdSubscribed(): () => void
}

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
