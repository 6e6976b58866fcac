/** Validates handles: the rules of this server on top of the handle specification. */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  isBareDomain,
  serviceDomainOf,
} from '#src/gateway/identity/handle-rules.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'

/** As in the reference. */
const ownLabels = { labelMin: 3, labelMax: 18 }

/**
 * Returns the handle in lower case if a new account may have it: one label of 3 to 18 characters under a service
 * domain, neither reserved nor offensive, or one as the rules of a domain of its tenant say. Throws 400 InvalidHandle, UnsupportedDomain or HandleNotAvailable.
 */
export function validateNewHandle(
  text: string,
  rules: HandleRules,
  { allowAnyValid = false, tenant }: Pick<HandleClaim, 'allowAnyValid' | 'tenant'> = {},
): string {
  const handle = normalizeHandle(text, rules, { allowAnyValid, tenant })
  if (allowAnyValid && isBareDomain(handle, rules.allDomains)) return handle
  if (!isUnderServiceDomain(handle, rules)) {
    throw invalidRequest('Not a supported handle domain', 'UnsupportedDomain')
  }
  return handle
}

export interface HandleClaim {
  did: string
  handle: string
  /** For the admin: allows reserved and offensive names, and service domains themselves without proof. */
  allowAnyValid?: boolean
  /** Whose account it is, which may have handles under the domains of that tenant. */
  tenant?: string | undefined
}

/**
 * Returns the handle in lower case if the account may have it: as `validateNewHandle`, or an external handle that
 * `resolve` resolves to the account's DID. Throws as that, and 400 InvalidRequest if it does not resolve to the DID.
 */
export async function validateHandleClaim(
  { did, handle: text, allowAnyValid = false, tenant }: HandleClaim,
  rules: HandleRules,
  resolve: (handle: string) => Promise<string | undefined>,
): Promise<string> {
  const handle = normalizeHandle(text, rules, { allowAnyValid, tenant })
  if (isUnderServiceDomain(handle, rules)) return handle
  // This server itself is authoritative for its service domains; only the admin may assign one to an account.
  if (allowAnyValid && isBareDomain(handle, rules.allDomains)) return handle
  if ((await resolve(handle)) !== did) {
    throw invalidRequest('External handle did not resolve to DID')
  }
  return handle
}

function normalizeHandle(
  text: string,
  rules: HandleRules,
  { allowAnyValid = false, tenant }: Pick<HandleClaim, 'allowAnyValid' | 'tenant'>,
): string {
  const handle = parseHandle(text)
  if (!hasUsableTld(handle)) {
    throw invalidRequest('Handle TLD is invalid or disallowed', 'InvalidHandle')
  }
  if (!allowAnyValid && rules.isOffensive(handle)) {
    throw invalidRequest('Inappropriate language in handle', 'InvalidHandle')
  }
  const domain = serviceDomainOf(handle, rules.allDomains)
  if (domain === undefined) return handle
  const ofTenant = rules.tenantDomain(domain)
  if (ofTenant !== undefined && ofTenant.tenant !== tenant) {
    throw invalidRequest('Not a supported handle domain', 'UnsupportedDomain')
  }
  const { labelMin, labelMax } = ofTenant ?? ownLabels
  const name = handle.slice(0, -domain.length)
  if (name.includes('.')) throw invalidRequest('Invalid characters in handle', 'InvalidHandle')
  if (name.length < labelMin) throw invalidRequest('Handle too short', 'InvalidHandle')
  if (name.length > labelMax) throw invalidRequest('Handle too long', 'InvalidHandle')
  if (!allowAnyValid && ofTenant === undefined && rules.isReserved(name)) {
    throw invalidRequest('Reserved handle', 'HandleNotAvailable')
  }
  return handle
}

function isUnderServiceDomain(handle: string, { allDomains }: HandleRules): boolean {
  return serviceDomainOf(handle, allDomains) !== undefined
}
