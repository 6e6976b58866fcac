/** What the server is called, and what describeServer says of it. */
import manifest from '#package' with { type: 'json' }
import type { EnvironmentReader } from '#src/config/read.ts'
import { isDid } from '#src/protocol/did.ts'

export const { version } = manifest

export interface ServiceConfig {
  did: string
  /** Each with its leading dot. */
  handleDomains: string[]
  version: string
  contactEmailAddress: string | undefined
  privacyPolicyUrl: string | undefined
  termsOfServiceUrl: string | undefined
}

export function readService(read: EnvironmentReader, hostname: string): ServiceConfig {
  const domains = read.list(
    'PDS_SERVICE_HANDLE_DOMAINS',
    'a comma-separated list of domains, each with a leading dot',
    (domain) => domain.startsWith('.') && isHostname(domain.slice(1)),
  )
  return {
    did: read.checked('PDS_SERVICE_DID', 'a DID', isDid) ?? `did:web:${hostname}`,
    handleDomains: domains?.map((domain) => domain.toLowerCase()) ?? [
      hostname === 'localhost' ? '.test' : `.${hostname}`,
    ],
    version: read.text('PDS_VERSION') ?? version,
    contactEmailAddress: read.text('PDS_CONTACT_EMAIL_ADDRESS'),
    privacyPolicyUrl: read.url('PDS_PRIVACY_POLICY_URL'),
    termsOfServiceUrl: read.url('PDS_TERMS_OF_SERVICE_URL'),
  }
}

export function isHostname(value: string): boolean {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  return value.length <= 253 && new RegExp(`^${label}(\\.${label})*$`, 'i').test(value)
}
