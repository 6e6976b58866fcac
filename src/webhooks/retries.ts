/** When a failed delivery is tried again. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After the first attempt, the second, and so on, as the Standard Webhooks specification recommends. */
export const RETRY_DELAYS_MS = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE],
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR),
] as const
export const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1
/** At most this share of the delay is added. */
const JITTER = 0.1
const MAX_RETRY_AFTER_MS = 24 * HOUR

/**
 * Undefined after the last attempt. `attempts` have been made, `random` is in [0, 1), `retryAfterMs` is what the endpoint
 * asked for.
 */
export function nextAttemptAt(
  attempts: number,
  { now, random, retryAfterMs = 0 }: { now: number; random: number; retryAfterMs?: number },
): number | undefined {
  const delayMs = RETRY_DELAYS_MS[attempts - 1]
  if (delayMs === undefined) return undefined
  const askedMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
  return now + Math.round(Math.max(delayMs, askedMs) * (1 + JITTER * random))
}

/** Parses the header Retry-After: seconds or a date. Undefined if it has neither, or a time in the past. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const isSeconds = /^\d{1,9}$/.test(header)
  if (!isSeconds && !header.endsWith(' GMT')) return undefined
  const ms = isSeconds ? Number(header) * SECOND : Date.parse(header) - now
  return ms > 0 ? ms : undefined
}
