/** Domains whose mailboxes are thrown away after use: the list that the reference goes by. */
import { disposableEmailBlocklistSet } from 'disposable-email-domains-js'

let domains: ReadonlySet<string> | undefined

/** Whether mail to this domain, in lower case, goes to a mailbox that nobody keeps. */
export function isDisposableDomain(domain: string): boolean {
  // Thousands of them: they are read when they are first needed.
  domains ??= disposableEmailBlocklistSet()
  return domains.has(domain)
}
