/** The option --per-minute of commands that go through many accounts. */
import { type Invocation, integerOption, type Option, UsageError } from '#src/cli/command.ts'

/** A relay takes 2,600 events in an hour from a server that it knows nothing about. */
const PER_MINUTE = 30
const MAX_PER_MINUTE = 6_000

/** `what` is said of the accounts, such as `are deleted`. */
export function perMinuteOption(what: string, note = ''): Option {
  return {
    type: 'string',
    value: 'N',
    help: `How many ${what} in a minute (default: ${PER_MINUTE}${note})`,
  }
}

/** Throws a UsageError if it is not from 1 to `max`. */
export function perMinuteOf(invocation: Invocation, max = MAX_PER_MINUTE): number {
  const perMinute = integerOption(invocation, 'per-minute', PER_MINUTE)
  if (perMinute >= 1 && perMinute <= max) return perMinute
  throw new UsageError(`--per-minute must be 1 to ${max}`)
}
