/** What the development PLC directory takes in: the limits of plc.directory, then the rules of did:plc itself. */
import { assureValidNextOp, def, getLastOpWithCid, type OpOrTombstone } from '@did-plc/lib'
import { invalidRequest } from '#src/errors.ts'

export interface LoggedOperation {
  operation: OpOrTombstone
  /** CID of the signed operation. */
  cid: string
  nullified: boolean
  /** ISO time. */
  createdAt: string
}

/** An operation as it is to be logged, with the CIDs of the operations that it overrules. */
export interface ValidOperation {
  operation: OpOrTombstone
  cid: string
  nullifies: string[]
}

/** Most entries of a list, and most characters of a text (did-method-plc, packages/server/src/constraints.ts). */
const most = { entries: 10, id: 32, alias: 258, type: 256, endpoint: 512, key: 256 }

/**
 * Checks an operation against the log of its DID, which is in order and may be empty. Throws 400 `InvalidRequest` for
 * anything the public directory would refuse too: form, limits, order, signature, recovery too late.
 */
export async function validateOperation(
  did: string,
  log: readonly LoggedOperation[],
  proposed: unknown,
): Promise<ValidOperation> {
  const parsed = def.opOrTombstone.safeParse(proposed)
  if (!parsed.success) throw invalidRequest('Not a valid operation')
  const operation = parsed.data
  const excess = excessOf(operation)
  if (excess) throw invalidRequest(excess)
  try {
    const standing = log.filter(({ nullified }) => !nullified)
    const indexed = await Promise.all(standing.map((entry) => withCid(did, entry)))
    const { nullified } = await assureValidNextOp(did, indexed, operation)
    const { cid } = await getLastOpWithCid([operation])
    return { operation, cid: cid.toString(), nullifies: nullified.map(String) }
  } catch (error) {
    // Of the library's errors some have no message, and bad base64 or a bad CID fail as plain errors.
    const failure = error as Error
    throw invalidRequest(failure.message || failure.constructor.name)
  }
}

/** The library compares CIDs as objects of its own. */
async function withCid(did: string, { operation, nullified, createdAt }: LoggedOperation) {
  const { cid } = await getLastOpWithCid([operation])
  return { did, operation, cid, nullified, createdAt: new Date(createdAt) }
}

/** What an operation has too much of, or undefined. */
function excessOf(operation: OpOrTombstone): string | undefined {
  if (operation.type === 'plc_tombstone') return undefined
  const { alsoKnownAs, rotationKeys } = operation
  const services = Object.values(operation.services)
  const methods = Object.values(operation.verificationMethods)
  const ids = [...Object.keys(operation.services), ...Object.keys(operation.verificationMethods)]
  const isLong = (texts: string[], limit: number) => texts.some((text) => text.length > limit)
  const lists = [alsoKnownAs, rotationKeys, services, methods]
  if (lists.some((list) => list.length > most.entries)) return 'A list has too many entries'
  if (new Set(alsoKnownAs).size < alsoKnownAs.length) return 'alsoKnownAs has an entry twice'
  if (isLong(alsoKnownAs, most.alias)) return 'An entry of alsoKnownAs is too long'
  if (isLong(ids, most.id)) return 'An id is too long'
  if (isLong([...rotationKeys, ...methods], most.key)) return 'A key is too long'
  if (
    isLong(
      services.map(({ type }) => type),
      most.type,
    )
  )
    return 'A service type is too long'
  if (
    isLong(
      services.map(({ endpoint }) => endpoint),
      most.endpoint,
    )
  )
    return 'An endpoint is too long'
  return undefined
}
