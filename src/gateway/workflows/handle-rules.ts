/** What this server says of handles: its domains, the names it keeps back, the words it does not want. */
import { invalidRequest } from '#src/errors.ts'
import { reservedNames } from '#src/gateway/workflows/reserved-handles.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'
import { hasSlur } from '#src/protocol/slurs.ts'

/** What an operator may change while the server runs, beside what it was started with. */
export interface HandleSettings {
  /** Domains under which handles are given, each with its leading dot, besides those of the environment. */
  domains: readonly string[]
  /** Names that nobody may take, besides the built-in list. */
  reserved: readonly string[]
  /** Names of the built-in list that may be taken all the same. */
  unreserved: readonly string[]
  /** Texts that no handle may contain, besides the built-in slurs. */
  offensive: readonly string[]
}

export const noHandleSettings: HandleSettings = {
  domains: [],
  reserved: [],
  unreserved: [],
  offensive: [],
}

/** The settings and the environment together, as questions. Handles and names come in lower case. */
export interface HandleRules {
  /** Each with its leading dot; the first is where an account goes that asks for none. */
  readonly domains: readonly string[]
  isReserved(name: string): boolean
  isOffensive(handle: string): boolean
}

const mostEntries = 1000
const fields = ['domains', 'reserved', 'unreserved', 'offensive'] as const

/** Makes rules of the domains of the environment and the settings. */
export function handleRules(
  domains: readonly string[],
  settings: HandleSettings = noHandleSettings,
): HandleRules {
  const reserved = new Set(settings.reserved)
  const unreserved = new Set(settings.unreserved)
  return {
    domains: [...new Set([...domains, ...settings.domains])],
    isReserved: (name) => reserved.has(name) || (reservedNames.has(name) && !unreserved.has(name)),
    isOffensive: (handle) =>
      hasSlur(handle) || settings.offensive.some((word) => handle.includes(word)),
  }
}

/** Settings as somebody sent them; what is left out is empty. Throws 400 where they are none. */
export function parseHandleSettings(given: unknown): HandleSettings {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidRequest('Handle rules must be an object')
  }
  const unknown = Object.keys(given).find((name) => !fields.some((field) => field === name))
  if (unknown !== undefined) throw invalidRequest(`Handle rules have no ${unknown}`)
  const { domains, reserved, unreserved, offensive } = given as Record<string, unknown>
  return {
    domains: texts('domains', domains).map(parseDomain),
    reserved: texts('reserved', reserved),
    unreserved: texts('unreserved', unreserved),
    offensive: texts('offensive', offensive),
  }
}

/** The service domain a handle is under: the longest that fits; undefined for a domain of one's own. */
export function serviceDomainOf(handle: string, domains: readonly string[]): string | undefined {
  return domains
    .filter((domain) => handle.endsWith(domain))
    .toSorted((one, other) => other.length - one.length)[0]
}

/** Whether a handle is one of the service domains itself. */
export function isBareDomain(handle: string, domains: readonly string[]): boolean {
  return domains.includes(`.${handle}`)
}

/** Whether a host is for this server to answer for: a service domain, or a name under one. */
export function isServiceHandle(handle: string, domains: readonly string[]): boolean {
  return serviceDomainOf(handle, domains) !== undefined || isBareDomain(handle, domains)
}

function texts(field: string, value: unknown): string[] {
  if (value === undefined) return []
  const isList = Array.isArray(value) && value.length <= mostEntries
  if (!isList || !value.every((text) => typeof text === 'string' && /^[!-~]{1,253}$/.test(text))) {
    throw invalidRequest(`${field} must be a list of at most ${mostEntries} names`)
  }
  return [...new Set(value.map((text: string) => text.toLowerCase()))]
}

function parseDomain(domain: string): string {
  if (!domain.startsWith('.')) throw invalidRequest(`Domains begin with a dot: ${domain}`)
  const name = parseHandle(`name${domain}`)
  if (!hasUsableTld(name)) throw invalidRequest(`No handles are possible under ${domain}`)
  return domain
}
