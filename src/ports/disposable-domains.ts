/** Domains of disposable email addresses: the list that the reference uses. */
import { disposableEmailBlocklistSet } from 'disposable-email-domains-js'

let domains: ReadonlySet<string> | undefined

/** `domain` is in lower case. */
export function isDisposableDomain(domain: string): boolean {
  // Loaded on first use: the list has thousands of entries.
  domains ??= disposableEmailBlocklistSet()
  return domains.has(domain)
}
