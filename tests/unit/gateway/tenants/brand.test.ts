import { describe, expect, it } from 'vitest'
import { findTenantBrand } from '#src/directory/tenant-accounts.ts'
import { updateTenant } from '#src/directory/tenants.ts'
import { sendMail } from '#src/gateway/mails.ts'
import { tenantBrandFinder, withBrand } from '#src/gateway/tenants/brand.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'

const supportUrl = 'https://roomy.space/help'

async function open() {
  const directory = await withTenant()
  await create(directory, 'one', { email: 'One@example.com' })
  await create(directory, 'foreign', { tenant: null, email: 'foreign@example.com' })
  await updateTenant(directory, { id: 'roomy', branding: { supportUrl, primaryColor: '#1a2b3c' } })
  const brandOf = (account: object) => findTenantBrand(directory, account)
  const tenantBrand = tenantBrandFinder({ directory: { tenants: { brandOf } } } as never)
  return { tenantBrand, directory }
}

describe('the brand of a tenant', () => {
  it('is of its accounts, by DID and by email address, and of no others', async () => {
    const { tenantBrand } = await open()
    const brand = { name: 'Roomy', branding: { supportUrl, primaryColor: '#1a2b3c' } }
    expect(await tenantBrand({ did: 'did:plc:one' })).toEqual(brand)
    expect(await tenantBrand({ email: 'one@Example.com' })).toEqual(brand)
    expect(await tenantBrand({ did: 'did:plc:foreign' })).toBeUndefined()
    expect(await tenantBrand({ email: 'unknown@example.com' })).toBeUndefined()
  })

  it('is left out if the directory is away', async () => {
    const { tenantBrand, directory } = await open()
    directory.sql.close()
    expect(await tenantBrand({ did: 'did:plc:one' })).toBeUndefined()
  })

  it('stands on pages in place of what the server has, without its logo', async () => {
    const { tenantBrand } = await open()
    const own = {
      ...{ name: 'PDS', logo: 'https://pds.example.com/logo.png' },
      colors: { primary: '#000000', error: '#ff0000' },
      links: [{ rel: 'help', href: 'https://pds.example.com/help' }],
    }
    expect(withBrand(own, undefined)).toBe(own)
    expect(withBrand(own, await tenantBrand({ did: 'did:plc:one' }))).toEqual({
      ...{ name: 'Roomy', logo: undefined },
      colors: { primary: '#1a2b3c', error: '#ff0000' },
      links: [{ rel: 'help', href: supportUrl }],
    })
  })

  it('signs mails, together with the server that sends them', async () => {
    const { tenantBrand } = await open()
    const sent: string[] = []
    const send = async ({ text }: { text?: string }) => void sent.push(text ?? '')
    const ports = {
      ...{ mailer: { send, check: async () => {} }, tenantBrand },
      service: { mail: { serviceName: 'example.com PDS', confirmationLink: false } },
    }
    await sendMail(ports, 'one@example.com', 'confirmEmail', { token: 'abc' })
    await sendMail(ports, 'foreign@example.com', 'confirmEmail', { token: 'abc' })
    expect(sent[0]).toContain(`Help: ${supportUrl}\n\nRoomy (example.com PDS)`)
    expect(sent[1]).not.toContain('Roomy')
    expect(sent[1]).toMatch(/example\.com PDS$/)
  })
})
