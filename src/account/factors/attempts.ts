/** Limits wrong codes to ten an hour for each account; after that no code is accepted for the rest of the hour. */
import type { Account } from '#src/account/account.ts'
import { findRow, putRow, removeRows } from '#src/account/factors/rows.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

const MAX_FAILURES = 10
const WINDOW_MS = 60 * 60_000

const id = 'all'

/**
 * Runs `check`, which throws if the code is wrong. Checks run one at a time, and a failure is counted before the next
 * check starts. Throws 429 RateLimitExceeded above the limit.
 */
export function withAttemptLimit<T>(
  account: Account,
  client: ClientInfo | undefined,
  check: () => Promise<T>,
): Promise<T> {
  return account.factorMutex.run(async () => {
    const now = account.clock.now()
    const row = await findRow(account, 'attempts', id)
    const current = row !== undefined && row.createdAt > now - WINDOW_MS ? row : undefined
    const { counter = 0, createdAt = now } = current ?? {}
    if (counter >= MAX_FAILURES) throw tooMany(createdAt + WINDOW_MS - now)
    try {
      return await check()
    } catch (error) {
      if (error instanceof XrpcError && error.status < 500) {
        await account.sql.batch([
          putRow(account, 'attempts', id, { counter: counter + 1, createdAt }),
          ...addSecurityEvent(account, 'second factor refused', client),
        ])
      }
      throw error
    }
  })
}

/** Run it in the transaction in which the successful check takes effect. */
export function clearFailures(): Statement {
  return removeRows('attempts', id)
}

function tooMany(waitMs: number): XrpcError {
  const message = 'Too many wrong codes: try again in an hour'
  const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) }
  return new XrpcError(429, 'RateLimitExceeded', message, headers)
}
