/** Which handles somebody may have here: our rules on top of the handle specification. */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  isBareDomain,
  serviceDomainOf,
} from '#src/gateway/workflows/handle-rules.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'

const shortestName = 3
const longestName = 18

/**
 * The handle in lower case, if a new account may have it: one label of 3 to 18 characters under one of the service
 * domains, neither reserved nor offensive. Throws 400 InvalidHandle, UnsupportedDomain or HandleNotAvailable.
 */
export function validateNewHandle(text: string, rules: HandleRules): string {
  const handle = normalizeHandle(text, rules)
  if (!isUnderServiceDomain(handle, rules)) {
    throw invalidRequest('Not a supported handle domain', 'UnsupportedDomain')
  }
  return handle
}

/** What an account may be called that has a DID already. */
export interface HandleClaim {
  did: string
  handle: string
  /** The admin's word: reserved and offensive names may be given, and service domains themselves, unproved. */
  allowAnyValid?: boolean
}

/**
 * The handle in lower case, if the account may have it: as `newAccountHandle`, or a domain that `resolve` proves to be
 * the account's. Throws as that, and 400 InvalidRequest where the domain names another DID, or none.
 */
export async function validateHandleClaim(
  { did, handle: text, allowAnyValid = false }: HandleClaim,
  rules: HandleRules,
  resolve: (handle: string) => Promise<string | undefined>,
): Promise<string> {
  const handle = normalizeHandle(text, rules, allowAnyValid)
  if (isUnderServiceDomain(handle, rules)) return handle
  // This server answers for its own domains; that it should name this account is for the admin to say.
  if (allowAnyValid && isBareDomain(handle, rules.domains)) return handle
  if ((await resolve(handle)) !== did) {
    throw invalidRequest('External handle did not resolve to DID')
  }
  return handle
}

function normalizeHandle(text: string, rules: HandleRules, allowAnyValid = false): string {
  const handle = parseHandle(text)
  if (!hasUsableTld(handle)) {
    throw invalidRequest('Handle TLD is invalid or disallowed', 'InvalidHandle')
  }
  if (!allowAnyValid && rules.isOffensive(handle)) {
    throw invalidRequest('Inappropriate language in handle', 'InvalidHandle')
  }
  const domain = serviceDomainOf(handle, rules.domains)
  if (domain === undefined) return handle
  const name = handle.slice(0, -domain.length)
  if (name.includes('.')) throw invalidRequest('Invalid characters in handle', 'InvalidHandle')
  if (name.length < shortestName) throw invalidRequest('Handle too short', 'InvalidHandle')
  if (name.length > longestName) throw invalidRequest('Handle too long', 'InvalidHandle')
  if (!allowAnyValid && rules.isReserved(name)) {
    throw invalidRequest('Reserved handle', 'HandleNotAvailable')
  }
  return handle
}

function isUnderServiceDomain(handle: string, { domains }: HandleRules): boolean {
  return serviceDomainOf(handle, domains) !== undefined
}
