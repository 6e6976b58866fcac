/** Which handles this server allows: its service domains, reserved names and offensive words. */
import type { HandleDomain } from '#src/directory/tenant-domains.ts'
import { invalidRequest } from '#src/errors.ts'
import { reservedNames } from '#src/gateway/identity/reserved-handles.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'
import { hasSlur } from '#src/protocol/slurs.ts'

/** Rules that the admin changes at run time, in addition to the configuration and the built-in lists. */
export interface HandleSettings {
  /** Each with its leading dot. */
  domains: readonly string[]
  reserved: readonly string[]
  /** Names of the built-in list that are allowed nevertheless. */
  unreserved: readonly string[]
  /** Substrings that no handle may contain. */
  offensive: readonly string[]
}

export const noHandleSettings: HandleSettings = {
  domains: [],
  reserved: [],
  unreserved: [],
  offensive: [],
}

/** Settings and configuration combined. Handles and names are passed in lower case. */
export interface HandleRules {
  /** For every account, each with its leading dot; the first is the default. */
  readonly domains: readonly string[]
  /** These, and those of tenants. */
  readonly allDomains: readonly string[]
  /** Of a domain with its leading dot: its tenant, and the rules for labels; undefined for a domain for every account. */
  tenantDomain(domain: string): HandleDomain | undefined
  isReserved(name: string): boolean
  isOffensive(handle: string): boolean
}

const MAX_ENTRIES = 1000
const fields = ['domains', 'reserved', 'unreserved', 'offensive'] as const

export function handleRules(
  domains: readonly string[],
  settings: HandleSettings = noHandleSettings,
  tenantDomains: readonly HandleDomain[] = [],
): HandleRules {
  const own = [...new Set([...domains, ...settings.domains])]
  const ofTenants = new Map<string, HandleDomain>(
    tenantDomains
      .map((found) => [`.${found.domain}`, found] as const)
      .filter(([domain]) => !own.includes(domain)),
  )
  const reserved = new Set(settings.reserved)
  const unreserved = new Set(settings.unreserved)
  return {
    domains: own,
    allDomains: [...own, ...ofTenants.keys()],
    tenantDomain: (domain) => ofTenants.get(domain),
    isReserved: (name) => reserved.has(name) || (reservedNames.has(name) && !unreserved.has(name)),
    isOffensive: (handle) =>
      hasSlur(handle) || settings.offensive.some((word) => handle.includes(word)),
  }
}

/** An absent list is empty. Throws 400. */
export function parseHandleSettings(input: unknown): HandleSettings {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalidRequest('Handle rules must be an object')
  }
  const unknown = Object.keys(input).find((name) => !fields.some((field) => field === name))
  if (unknown !== undefined) throw invalidRequest(`Handle rules have no ${unknown}`)
  const { domains, reserved, unreserved, offensive } = input as Record<string, unknown>
  return {
    domains: texts('domains', domains).map(parseDomain),
    reserved: texts('reserved', reserved),
    unreserved: texts('unreserved', unreserved),
    offensive: texts('offensive', offensive),
  }
}

/** Undefined for an external handle. */
export function serviceDomainOf(handle: string, domains: readonly string[]): string | undefined {
  return domains
    .filter((domain) => handle.endsWith(domain))
    .toSorted((a, b) => b.length - a.length)[0]
}

export function isBareDomain(handle: string, domains: readonly string[]): boolean {
  return domains.includes(`.${handle}`)
}

export function isServiceHandle(handle: string, domains: readonly string[]): boolean {
  return serviceDomainOf(handle, domains) !== undefined || isBareDomain(handle, domains)
}

/**
 * The domains that are offered to who asks at `host`: those of a tenant at a domain of its, and at handles under it;
 * elsewhere those for every account, since no one else can have handles under those of tenants.
 */
export function domainsAt(
  host: string,
  { domains, allDomains, tenantDomain }: HandleRules,
): string[] {
  const domain = isBareDomain(host, allDomains) ? `.${host}` : serviceDomainOf(host, allDomains)
  const tenant = domain === undefined ? undefined : tenantDomain(domain)?.tenant
  if (tenant === undefined) return [...domains]
  return allDomains.filter((name) => tenantDomain(name)?.tenant === tenant)
}

function texts(field: string, value: unknown): string[] {
  if (value === undefined) return []
  const isList = Array.isArray(value) && value.length <= MAX_ENTRIES
  if (!isList || !value.every((text) => typeof text === 'string' && /^[!-~]{1,253}$/.test(text))) {
    throw invalidRequest(`${field} must be a list of at most ${MAX_ENTRIES} names`)
  }
  return [...new Set(value.map((text: string) => text.toLowerCase()))]
}

function parseDomain(domain: string): string {
  if (!domain.startsWith('.')) throw invalidRequest(`Domains begin with a dot: ${domain}`)
  const name = parseHandle(`name${domain}`)
  if (!hasUsableTld(name)) throw invalidRequest(`No handles are possible under ${domain}`)
  return domain
}
