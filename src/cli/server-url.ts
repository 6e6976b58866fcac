/** The URL of a server, as it is typed on the command line. */
import { UsageError } from '#src/cli/command.ts'

/** Its origin, with https if no protocol is typed. Throws a UsageError. */
export function serverUrl(text: string): string {
  const typed = /^https?:\/\//.test(text) ? text : `https://${text}`
  if (!URL.canParse(typed)) throw new UsageError(`not the URL of a server: ${text}`)
  return new URL(typed).origin
}
