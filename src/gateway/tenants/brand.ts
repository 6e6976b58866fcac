/** The name, logo, colors and links of a tenant, for its accounts: on the security pages and in mails. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { TenantBrand } from '#src/rules/tenants.ts'

export type FindTenantBrand = (
  account: { did: string } | { email: string },
) => Promise<TenantBrand | undefined>

/** Undefined for an account of no tenant, and if the directory cannot be reached: pages and mails work without a brand. */
export function tenantBrandFinder({ directory }: Pick<Dispatch, 'directory'>): FindTenantBrand {
  return (account) =>
    directory.tenants.brandOf(account).then(
      (brand) => brand ?? undefined,
      () => undefined,
    )
}

/** The server's branding, replaced by what the tenant has set. */
export function withBrand(own: Branding, brand: TenantBrand | undefined): Branding {
  if (brand === undefined) return own
  const { logoUrl, primaryColor, homeUrl, supportUrl, termsUrl, privacyUrl } = brand.branding
  const links = [
    { rel: 'canonical', href: homeUrl },
    { rel: 'terms-of-service', href: termsUrl },
    { rel: 'privacy-policy', href: privacyUrl },
    { rel: 'help', href: supportUrl },
  ].flatMap(({ rel, href }) => (href === undefined ? [] : [{ rel, href }]))
  return {
    ...own,
    name: brand.name,
    // The server's logo must not stand beside the name of the tenant.
    logo: logoUrl,
    colors: { ...own.colors, ...(primaryColor !== undefined && { primary: primaryColor }) },
    ...(links.length > 0 && { links }),
  }
}
