/**
 * The domains of tenants, under which their accounts have handles. Any tenant may claim a domain. The first that proves it,
 * by a DNS record that the gateway looks up, gets it, and the claims of others are deleted.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { mustFindTenant } from '#src/directory/tenants.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface TenantDomain {
  /** Without a leading dot. */
  domain: string
  challenge: string
  /** ISO 8601; null until it is verified. */
  verifiedAt: string | null
  /** Length of the label of a handle before the domain, in characters. */
  labelMin: number
  labelMax: number
}

export interface HandleDomain {
  domain: string
  tenant: string
  labelMin: number
  labelMax: number
}

type Row = Omit<TenantDomain, 'verifiedAt'> & { verifiedAt: number | null }

const selectDomains = `SELECT domain, challenge, verified_at AS verifiedAt, label_min AS labelMin,
  label_max AS labelMax FROM tenant_domain`

export interface DomainClaim {
  tenant: string
  domain: string
  /** Used if the domain is new. */
  challenge: string
  labelMin: number
  labelMax: number
}

/**
 * Adds a domain, or changes the rules for its labels. Throws 400 TenantNotFound, DomainNotAvailable if another tenant
 * has verified it, or one above or below it; 413 QuotaExceeded.
 */
export async function putTenantDomain(
  directory: Directory,
  { tenant, domain, challenge, labelMin, labelMax }: DomainClaim,
): Promise<TenantDomain> {
  await directory.lane.write(['tenant domains'], async (now) => {
    const { settings } = await mustFindTenant(directory, tenant)
    await mustBeAvailable(directory, tenant, domain)
    const counted = await directory.sql.first<{ n: number }>(
      'SELECT count(*) AS n FROM tenant_domain WHERE tenant = ? AND domain <> ?',
      tenant,
      domain,
    )
    const { domains: max } = settings.quotas
    if ((counted?.n ?? 0) >= max) {
      throw new XrpcError(413, 'QuotaExceeded', `The tenant may have ${max} domains at most`)
    }
    const statement = {
      sql: `INSERT INTO tenant_domain (domain, tenant, challenge, claimed_at, label_min, label_max)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (domain, tenant)
            DO UPDATE SET label_min = excluded.label_min, label_max = excluded.label_max`,
      params: [domain, tenant, challenge, now, labelMin, labelMax],
    }
    return { answer: undefined, statements: [statement] }
  })
  return mustFindDomain(directory, { tenant, domain })
}

/**
 * Records that the domain was proven with this challenge, and deletes the claims of others. Throws 400 DomainNotFound,
 * DomainNotAvailable.
 */
export async function setDomainVerified(
  directory: Directory,
  { tenant, domain, challenge }: { tenant: string; domain: string; challenge: string },
): Promise<TenantDomain> {
  await directory.lane.write(['tenant domains'], async (now) => {
    const found = await mustFindDomain(directory, { tenant, domain })
    if (found.verifiedAt !== null) return { answer: undefined, statements: [] }
    if (found.challenge !== challenge) throw notFound(domain)
    await mustBeAvailable(directory, tenant, domain)
    const statements = [
      {
        sql: 'DELETE FROM tenant_domain WHERE domain = ? AND tenant <> ?',
        params: [domain, tenant],
      },
      {
        sql: 'UPDATE tenant_domain SET verified_at = ? WHERE domain = ? AND tenant = ?',
        params: [now, domain, tenant],
      },
    ]
    return { answer: undefined, statements }
  })
  return mustFindDomain(directory, { tenant, domain })
}

/** Throws 400 DomainInUse while an account has a handle under it. Does nothing for an unknown domain. */
export async function deleteTenantDomain(
  directory: Directory,
  { tenant, domain }: { tenant: string; domain: string },
): Promise<void> {
  await directory.lane.write(['tenant domains'], async () => {
    const found = await findDomain(directory, { tenant, domain })
    if (found === undefined) return { answer: undefined, statements: [] }
    if (found.verifiedAt !== null) await mustBeUnused(directory, tenant, domain)
    const sql = 'DELETE FROM tenant_domain WHERE domain = ? AND tenant = ?'
    return { answer: undefined, statements: [{ sql, params: [domain, tenant] }] }
  })
}

export async function listTenantDomains(
  { sql }: Directory,
  { tenant }: { tenant: string },
): Promise<TenantDomain[]> {
  const rows = await sql.all<Row>(`${selectDomains} WHERE tenant = ? ORDER BY domain`, tenant)
  return rows.map(domainOf)
}

/** The verified domains of all tenants. */
export function listHandleDomains({ sql }: Directory): Promise<HandleDomain[]> {
  return sql.all<HandleDomain>(
    `SELECT domain, tenant, label_min AS labelMin, label_max AS labelMax FROM tenant_domain
     WHERE verified_at IS NOT NULL ORDER BY domain`,
  )
}

/** If one domain is a subdomain of another, a handle could be under both. */
async function mustBeAvailable({ sql }: Directory, tenant: string, domain: string): Promise<void> {
  const other = await sql.first<{ domain: string }>(
    `SELECT domain FROM tenant_domain WHERE verified_at IS NOT NULL AND tenant <> ?1
       AND (domain = ?2 OR substr(domain, -length(?2) - 1) = '.' || ?2
            OR substr(?2, -length(domain) - 1) = '.' || domain)`,
    tenant,
    domain,
  )
  if (other === undefined) return
  throw invalidRequest(`Another tenant has ${other.domain}`, 'DomainNotAvailable')
}

async function mustBeUnused({ sql }: Directory, tenant: string, domain: string): Promise<void> {
  const used = await sql.first(
    `SELECT 1 FROM account WHERE tenant = ?1 AND status <> 'deleted'
       AND (handle = ?2 OR substr(handle, -length(?2) - 1) = '.' || ?2)`,
    tenant,
    domain,
  )
  if (used !== undefined) {
    throw invalidRequest(`Accounts have handles under ${domain}`, 'DomainInUse')
  }
}

async function findDomain(
  { sql }: Directory,
  { tenant, domain }: { tenant: string; domain: string },
): Promise<TenantDomain | undefined> {
  const row = await sql.first<Row>(
    `${selectDomains} WHERE tenant = ? AND domain = ?`,
    tenant,
    domain,
  )
  return row && domainOf(row)
}

async function mustFindDomain(
  directory: Directory,
  name: { tenant: string; domain: string },
): Promise<TenantDomain> {
  const found = await findDomain(directory, name)
  if (found === undefined) throw notFound(name.domain)
  return found
}

function notFound(domain: string): XrpcError {
  return invalidRequest(`The tenant has not claimed ${domain}`, 'DomainNotFound')
}

function domainOf({ verifiedAt, ...row }: Row): TenantDomain {
  return { ...row, verifiedAt: verifiedAt === null ? null : isoTime(verifiedAt) }
}
