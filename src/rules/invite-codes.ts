/** The form of invite codes: `pds-example-com-abc23-567xy`, from the hostname but not mistakable for a link. */
import { randomLetters } from '#src/ports/random-letters.ts'

export function newInviteCode(hostname: string): string {
  return `${hostname.replaceAll('.', '-')}-${randomLetters(2, 5)}`
}
