/** What invite codes look like. */
import { randomLetters } from '#src/ports/random-letters.ts'

/** `pds-example-com-abc23-567xy`, from the service's hostname: not mistakable for a link. */
export function newInviteCode(hostname: string): string {
  return `${hostname.replaceAll('.', '-')}-${randomLetters(2, 5)}`
}
