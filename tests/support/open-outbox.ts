/** An outbox by itself, on `node:sqlite`, with a sequencer that keeps what it receives. */
import {
  addToOutbox,
  firehoseOutbox,
  Outbox,
  type OutboxPorts,
  type OutboxRow,
} from '#src/account/outbox.ts'
import { accountSchema } from '#src/account/schema.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

export function row(id: number, bytes = 1): OutboxRow {
  return { id, kind: '#identity', event: new Uint8Array(bytes), seqAt: 0 }
}

export function rowsOf(count: number, firstId = 1): OutboxRow[] {
  return Array.from({ length: count }, (_, i) => row(firstId + i))
}

/** An outbox on an empty `node:sqlite` database; `ports` replaces what it calls. */
export function openOutbox(ports: Partial<OutboxPorts> = {}) {
  const sql = nodeSql({ schema: accountSchema })
  const sent: OutboxRow[][] = []
  const pauses: number[] = []
  const awake: Promise<unknown>[] = []
  let fails = 0
  const outbox = new Outbox({
    sql,
    table: firehoseOutbox,
    append: async (rows) => {
      if (fails-- > 0) throw new Error('the sequencer is away')
      sent.push([...rows])
      return { through: rows.at(-1)!.id }
    },
    keepAwake: (work) => void awake.push(work),
    pause: async (ms) => void pauses.push(ms),
    onFailure: () => {},
    isActorStopped: () => false,
    ...ports,
  })
  return {
    ...{ outbox, sent, pauses, awake },
    store: (rows: readonly OutboxRow[]) => sql.batch(addToOutbox(rows)),
    sentIds: () => sent.map((rows) => rows.map(({ id }) => id)),
    fail: (times: number) => {
      fails = times
    },
    /** Delivers from the table until it is empty; from then on from memory. */
    drain: async () => {
      outbox.resume()
      await outbox.settled()
    },
  }
}
