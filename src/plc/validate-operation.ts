/** Validates operations for the development PLC directory: limits of plc.directory, then the rules of did:plc. */
import { assureValidNextOp, def, getLastOpWithCid, type OpOrTombstone } from '@did-plc/lib'
import { invalidRequest } from '#src/errors.ts'
import { isValidFirst } from '#src/plc/first-operation.ts'

export interface LoggedOperation {
  operation: OpOrTombstone
  cid: string
  nullified: boolean
  createdAt: string
}

export interface ValidOperation {
  operation: OpOrTombstone
  cid: string
  nullifies: string[]
}

// Maximum list entries and text lengths (did-method-plc, packages/server/src/constraints.ts).
const MAX = { entries: 10, id: 32, alias: 258, type: 256, endpoint: 512, key: 256 }

/**
 * `log` is in order and may be empty. Throws 400 for everything that the public directory rejects: malformed, over a
 * limit, wrong prev, bad signature, recovery too late.
 */
export async function validateOperation(
  did: string,
  log: readonly LoggedOperation[],
  proposed: unknown,
): Promise<ValidOperation> {
  const parsed = def.opOrTombstone.safeParse(proposed)
  if (!parsed.success) throw invalidRequest('Not a valid operation')
  const operation = parsed.data
  const violation = limitViolation(operation)
  if (violation) throw invalidRequest(violation)
  try {
    const { cid } = await getLastOpWithCid([operation])
    if (log.length === 0 && (await isValidFirst(did, operation))) {
      return { operation, cid: cid.toString(), nullifies: [] }
    }
    const active = log.filter(({ nullified }) => !nullified)
    const indexed = await Promise.all(active.map((entry) => withCid(did, entry)))
    const { nullified } = await assureValidNextOp(did, indexed, operation)
    return { operation, cid: cid.toString(), nullifies: nullified.map(String) }
  } catch (error) {
    // Some of the library's errors have no message; bad base64 and bad CIDs throw plain errors.
    const failure = error as Error
    throw invalidRequest(failure.message || failure.constructor.name)
  }
}

async function withCid(did: string, { operation, nullified, createdAt }: LoggedOperation) {
  const { cid } = await getLastOpWithCid([operation])
  return { did, operation, cid, nullified, createdAt: new Date(createdAt) }
}

function limitViolation(operation: OpOrTombstone): string | undefined {
  if (operation.type === 'plc_tombstone') return undefined
  const { alsoKnownAs, rotationKeys } = operation
  const services = Object.values(operation.services)
  const methods = Object.values(operation.verificationMethods)
  const ids = [...Object.keys(operation.services), ...Object.keys(operation.verificationMethods)]
  const anyLonger = (texts: string[], limit: number) => texts.some((text) => text.length > limit)
  const lists = [alsoKnownAs, rotationKeys, services, methods]
  if (lists.some((list) => list.length > MAX.entries)) return 'A list has too many entries'
  if (new Set(alsoKnownAs).size < alsoKnownAs.length) return 'alsoKnownAs has an entry twice'
  if (anyLonger(alsoKnownAs, MAX.alias)) return 'An entry of alsoKnownAs is too long'
  if (anyLonger(ids, MAX.id)) return 'An id is too long'
  if (anyLonger([...rotationKeys, ...methods], MAX.key)) return 'A key is too long'
  if (
    anyLonger(
      services.map(({ type }) => type),
      MAX.type,
    )
  )
    return 'A service type is too long'
  if (
    anyLonger(
      services.map(({ endpoint }) => endpoint),
      MAX.endpoint,
    )
  )
    return 'An endpoint is too long'
  return undefined
}
