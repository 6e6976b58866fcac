/** How many wrong codes and passkeys an account takes: ten within an hour. Then it takes none for the rest of that hour. */
import type { Account } from '#src/account/account.ts'
import { findRow, putRow, removeRows } from '#src/account/factors/rows.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

const MAX_FAILURES = 10
const WINDOW_MS = 60 * 60_000

const id = 'all'

/**
 * Runs a check, which throws where what was shown is wrong. Checks go one after another, and each failure is counted
 * before the next begins. Throws 429 RateLimitExceeded after too many.
 */
export function withAttemptLimit<T>(
  account: Account,
  where: ClientInfo | undefined,
  check: () => Promise<T>,
): Promise<T> {
  return account.factorMutex.run(async () => {
    const now = account.clock.now()
    const row = await findRow(account, 'attempts', id)
    const current = row !== undefined && row.createdAt > now - WINDOW_MS ? row : undefined
    const { counter = 0, createdAt = now } = current ?? {}
    if (counter >= MAX_FAILURES) throw tooMany()
    try {
      return await check()
    } catch (error) {
      if (error instanceof XrpcError && error.status < 500) {
        await account.sql.batch([
          putRow(account, 'attempts', id, { counter: counter + 1, createdAt }),
          ...noteSecurityEvent(account, 'second factor refused', where),
        ])
      }
      throw error
    }
  })
}

/** Forgets the failures; to be part of the transaction in which a check's success takes effect. */
export function clearFailures(): Statement {
  return removeRows('attempts', id)
}

function tooMany(): XrpcError {
  return new XrpcError(429, 'RateLimitExceeded', 'Too many wrong codes: try again in an hour')
}
