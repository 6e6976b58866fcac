/** DIDs and handles in files that operators write, and what is wrong with their lines. */
import { UsageError } from '#src/cli/command.ts'

const MAX_MESSAGES = 10

/** A DID, or a handle in lower case without an @ before it; undefined if it is neither. */
export function parseName(word: string): string | undefined {
  const name = word.replace(/^@/, '')
  if (/^did:[a-z]+:[\w.:%-]+$/.test(name)) return name
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name) ? name.toLowerCase() : undefined
}

/** Throws a UsageError with the first mistakes, if there are any. */
export function mustHaveNoMistakes(mistakes: readonly string[]): void {
  if (mistakes.length === 0) return
  const more = mistakes.length - MAX_MESSAGES
  const shown = mistakes.slice(0, MAX_MESSAGES)
  throw new UsageError([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
}
