/** The context of all sequencer functions: database, append lane, and the newest events in memory. */
import type { Clock } from '#src/ports/clock.ts'
import { Slots } from '#src/ports/slots.ts'
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
  /** Of past events of some accounts: many connections that are opened at once must not hold up everything else. */
  readonly accountReads: Slots
  holdSubscribed(): () => void
}

/** Fewer than a database may have. */
const MAX_ACCOUNT_READS = 32
const MAX_WAITING = 10_000

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
    accountReads: new Slots(MAX_ACCOUNT_READS, MAX_WAITING),
    holdSubscribed: ports.holdSubscribed ?? (() => () => {}),
  }
}
