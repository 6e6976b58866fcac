/** The texts by which people know the records that commits wrote. */
import type { HistoryVisit } from '#src/gateway/pages/history/history-visit.ts'
import { previewOf } from '#src/gateway/pages/record-preview.ts'

export interface Op {
  action: string
  path: string
  cid?: string | null | undefined
  prev?: string | undefined
}

/** Of an operation: what it wrote, or deleted; undefined if that is gone. */
export type Previews = (op: Op) => string | undefined

/** One call for all of them. */
export async function previewsOf(visit: HistoryVisit, ops: readonly Op[]): Promise<Previews> {
  const items = ops.flatMap((op) => {
    const cid = cidOf(op)
    return cid === undefined ? [] : [{ path: op.path, cid }]
  })
  const { values } = await readValues(visit, items)
  const texts = new Map<string, string>()
  for (const [i, { path, cid }] of items.entries()) {
    const value = values[i] ?? undefined
    if (value !== undefined) texts.set(`${path} ${cid}`, previewOf(value))
  }
  return (op) => texts.get(`${op.path} ${cidOf(op)}`)
}

export interface PastRecord {
  path: string
  cid: string
}

/** Whether each can be restored. One call for all of them. */
export async function restorableOf(
  visit: HistoryVisit,
  items: readonly PastRecord[],
): Promise<boolean[]> {
  const { values, restorable } = await readValues(visit, items)
  return items.map((_, i) => restorable?.[i] ?? values[i] !== null)
}

async function readValues(
  { history: { did, reader, server } }: HistoryVisit,
  items: readonly PastRecord[],
): Promise<{
  values: unknown[]
  /** Absent if the account's process is of a release that does not say it. */
  restorable?: boolean[]
}> {
  if (items.length === 0) return { values: [] }
  const { history } = server.dispatch.account(did)
  const { json } = await history.readValues({ by: { did: reader }, items })
  return JSON.parse(json)
}

function cidOf({ cid, prev }: Op): string | undefined {
  return cid ?? prev ?? undefined
}
