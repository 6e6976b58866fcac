/** Cursors of account lists: `<createdAt in ms>::<did>` of the last account before. */
import { invalidRequest } from '#src/errors.ts'

export function formatAccountCursor({ createdAt, did }: { createdAt: number; did: string }) {
  return `${createdAt}::${did}`
}

/** Throws 400 if it is malformed. */
export function parseAccountCursor(cursor: string): [createdAt: number, did: string] {
  const [, createdAt, did] = /^(\d{1,15})::(did:.+)$/.exec(cursor) ?? []
  if (createdAt === undefined || did === undefined) throw invalidRequest('Malformed cursor')
  return [Number(createdAt), did]
}
