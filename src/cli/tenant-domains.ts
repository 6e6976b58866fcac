/** `headwater tenant domain …`: the domains under which a tenant's accounts have handles. */
import { type Command, type Invocation, integerOption, textOption } from '#src/cli/command.ts'

const METHODS = 'dev.headwater.tenant'
const oneTenant = { operands: '<tenant>', operandCount: [1, 1] } as const
const oneDomain = { operands: '<tenant> <domain>', operandCount: [2, 2] } as const

interface DomainView {
  domain: string
  verifiedAt?: string
  labelMin: number
  labelMax: number
  record: { name: string; type: string; value: string }
}

/** Claims a domain. */
export function addDomain(
  { server }: Invocation,
  tenant: string,
  claim: { domain: string; labelMin?: number; labelMax?: number },
): Promise<DomainView> {
  return server.withHeaders({ tenant }).post<DomainView>(`${METHODS}.putDomain`, claim)
}

const add: Command = {
  name: 'tenant domain add',
  summary: 'Claim a domain for a tenant, or change the rules for its labels',
  details:
    "Prints the DNS record that proves it; then 'tenant domain verify'. Handles need a wildcard record and certificates, as for 'domain add'.",
  ...oneDomain,
  options: {
    'label-min': { type: 'string', value: 'N', help: 'Shortest label of a handle (default: 3)' },
    'label-max': { type: 'string', value: 'N', help: 'Longest label of a handle (default: 63)' },
  },
  run: (invocation) => {
    const [tenant, domain] = invocation.operands as [string, string]
    const given = (name: string) => textOption(invocation, name) !== undefined
    return addDomain(invocation, tenant, {
      domain,
      ...(given('label-min') && { labelMin: integerOption(invocation, 'label-min', 3) }),
      ...(given('label-max') && { labelMax: integerOption(invocation, 'label-max', 63) }),
    })
  },
}

const verify: Command = {
  name: 'tenant domain verify',
  summary: 'Look for the DNS record that proves a domain',
  ...oneDomain,
  run: ({ server, operands: [tenant = '', domain] }) =>
    server.withHeaders({ tenant }).post(`${METHODS}.verifyDomain`, { domain }),
}

const remove: Command = {
  name: 'tenant domain remove',
  summary: 'Remove a domain from a tenant, if no account has a handle under it',
  ...oneDomain,
  async run({ server, operands: [tenant = '', domain] }) {
    await server.withHeaders({ tenant }).post(`${METHODS}.deleteDomain`, { domain })
    return { tenant, domain, removed: true }
  },
}

const list: Command = {
  name: 'tenant domain list',
  summary: 'List the domains of a tenant, with the records that prove them',
  ...oneTenant,
  async run({ server, operands: [tenant = ''], options }) {
    const { domains } = await server
      .withHeaders({ tenant })
      .get<{ domains: DomainView[] }>(`${METHODS}.listDomains`)
    if (options['json'] === true) return domains
    return domains.map(({ domain, verifiedAt, labelMin, labelMax, record }) => ({
      ...{ domain, verified: verifiedAt ?? 'no', labels: `${labelMin} to ${labelMax}` },
      record: `${record.name} ${record.type} ${record.value}`,
    }))
  },
}

export const tenantDomainCommands: readonly Command[] = [add, verify, remove, list]
