/** Platforms that have accounts of their own on this server: what they are, and what their credentials allow. */
import { invalidRequest } from '#src/errors.ts'

/** `deleting`: its accounts are deleted or detached in the background. */
export type TenantStatus = 'active' | 'suspended' | 'deleting'

/** Scopes of API keys. */
export const tenantScopes = [
  'accounts:read',
  'accounts:write',
  'domains',
  'webhooks',
  'export',
] as const
export type TenantScope = (typeof tenantScopes)[number]
/** `manage`: keys, admins and the audit log. API keys never have it, since such a key could create one with more scopes. */
export type TenantAuthority = TenantScope | 'manage'

export type TenantRole = 'owner' | 'admin' | 'viewer'

const authoritiesByRole: Record<TenantRole, readonly TenantAuthority[]> = {
  owner: [...tenantScopes, 'manage'],
  admin: tenantScopes,
  viewer: ['accounts:read'],
}

export function authoritiesOf(role: TenantRole): readonly TenantAuthority[] {
  return authoritiesByRole[role]
}

export interface TenantQuotas {
  /** Includes groups, and accounts that are being created. */
  accounts: number
  groups: number
  /** Created in one hour by the clock. */
  accountsPerHour: number
  /** Domains for handles, verified or not. */
  domains: number
  /** The most that the tenant may set for the history of its accounts. */
  historyDays: number
}

export const defaultQuotas: TenantQuotas = {
  accounts: 1_000,
  groups: 1_000,
  accountsPerHour: 1_000,
  domains: 10,
  historyDays: 365,
}

/** What a user sees of a tenant; absent if the tenant has not set it. */
export interface TenantBranding {
  logoUrl?: string
  primaryColor?: string
  homeUrl?: string
  supportUrl?: string
  termsUrl?: string
  privacyUrl?: string
}

/** As users know it. */
export interface TenantBrand {
  name: string
  branding: TenantBranding
}

export interface TenantSettings {
  quotas: TenantQuotas
  /** For handles that the server generates: `{random}` is replaced, and the domain of the tenant appended. */
  handlePattern?: string
  branding?: TenantBranding
  /** Of the history of its accounts; absent: as the server is configured. */
  historyDays?: number
  /** Of a tenant that is being deleted. */
  deletion?: { keepAccounts: boolean }
}

export interface Tenant {
  id: string
  name: string
  did: string | null
  status: TenantStatus
  /** ISO 8601. */
  createdAt: string
  settings: TenantSettings
  /** `accounts` includes groups, and accounts that are being created. */
  usage: { accounts: number; groups: number; accountsThisHour: number }
  /** Verified, without a leading dot. */
  domains: string[]
}

/** Throws 400 InvalidRequest for an unknown scope. */
export function parseTenantScopes(texts: readonly string[]): TenantScope[] {
  return [...new Set(texts)].map((text) => {
    const scope = tenantScopes.find((one) => one === text)
    if (scope === undefined) throw invalidRequest(`There is no scope ${text}`)
    return scope
  })
}

/** Throws 400 InvalidRequest. */
export function parseTenantRole(text: string): TenantRole {
  if (Object.hasOwn(authoritiesByRole, text)) return text as TenantRole
  throw invalidRequest(`There is no role ${text}`)
}

/** Throws 400 InvalidRequest. An id is part of API keys, where `_` ends it. */
export function parseTenantId(id: string): string {
  if (/^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$/.test(id)) return id
  throw invalidRequest('The id of a tenant has 3 to 32 letters, digits and hyphens')
}
