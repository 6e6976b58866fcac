/**
 * The form of invite codes: `pds-example-com-abc23-567xy`, from the hostname but not mistakable for a link; those of a
 * tenant: `roomy_abc23-567xy`.
 */
import { randomLetters } from '#src/ports/random-letters.ts'

export function newInviteCode(hostname: string): string {
  return `${hostname.replaceAll('.', '-')}-${randomLetters(2, 5)}`
}

export function newTenantInviteCode(tenant: string): string {
  return `${tenant}_${randomLetters(2, 5)}`
}

/** The tenant that a code says it is of, so that it need not be looked up; the directory checks it with the code. */
export function claimedTenant(code: string): string | undefined {
  return /^([a-z0-9-]{3,32})_/.exec(code)?.[1]
}
