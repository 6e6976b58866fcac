/** What stops a takeover, as its operator has to know it. */

import { diskFull } from '#src/data-folder.ts'
import { XrpcError } from '#src/errors.ts'
import { isDiskFull } from '#src/ports/disk-space.ts'

const SQLITE_FULL = 13

/** `path` is the data folder, `isLow` whether its disk has little room. Bugs stay as they are. */
export function operatorError(error: unknown, path: string, isLow: boolean): unknown {
  // On a full disk the engine cannot start actors either.
  if (isFull(error) || (isLow && error instanceof XrpcError)) {
    return diskFull(path, error)
  }
  // As of the directory, if the server has accounts of its own.
  return error instanceof XrpcError ? new Error(error.message, { cause: error }) : error
}

function isFull(error: unknown): boolean {
  if (error instanceof XrpcError) return error.status === 507
  return isDiskFull(error) || (error as { errcode?: number }).errcode === SQLITE_FULL
}
