/** Times as the command line takes them: ISO 8601, or a duration from now, such as 2h. */
import { UsageError } from '#src/cli/command.ts'

const unitMs = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }

/** ISO 8601. A duration counts back from now, or on from it. Throws a UsageError that begins with `what`. */
export function parseTime(
  what: string,
  text: string,
  durations: 'before now' | 'after now',
  now = Date.now(),
): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const duration = Number(count) * unitMs[unit as keyof typeof unitMs]
  const time = durations === 'before now' ? now - duration : now + duration
  const ms = count === undefined ? Date.parse(text) : time
  if (!Number.isNaN(ms)) return new Date(ms).toISOString()
  throw new UsageError(`${what} is not a time: ${text} (2026-01-31T12:00:00Z, or 2h)`)
}
