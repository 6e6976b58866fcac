/** The writes of one transaction of the write lane. */
import type { Head } from '#src/account/head.ts'
import type { KeptAnswer } from '#src/account/kept-answers.ts'
import type { OutboxRow } from '#src/account/outbox.ts'
import type { Job, Prepared } from '#src/account/write-lane.ts'
import type { Statement } from '#src/ports/sql.ts'

export interface Waiting {
  job: Job<unknown>
  readsDatabase: boolean
  key: string | undefined
  resolve(answer: unknown): void
  reject(error: unknown): void
}

export interface Group {
  members: { waiting: Waiting; prepared: Prepared<unknown> }[]
  statements: Statement[]
  rows: OutboxRow[]
  kept: Map<number, KeptAnswer>
  backlinks: Map<string, string[]>
  head: Head | null
  bytes: number
}

const MAX_GROUP_SIZE = 64
const MAX_GROUP_BYTES = 2_000_000

export function emptyGroup(): Group {
  return {
    ...{ members: [], statements: [], rows: [], kept: new Map() },
    ...{ backlinks: new Map(), head: null, bytes: 0 },
  }
}

export function rejectAll({ members }: Group, error: unknown): void {
  for (const { waiting } of members) waiting.reject(error)
}

export function isFull(group: Group): boolean {
  return group.members.length >= MAX_GROUP_SIZE || group.bytes >= MAX_GROUP_BYTES
}
