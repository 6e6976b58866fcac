/** `headwater tenant …`: creates tenants, sets their quotas, suspends and restores them, and lists their accounts. */
import {
  type Command,
  type Invocation,
  integerOption,
  type Option,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { lookUpDid } from '#src/cli/server-client.ts'
import { tenantAccessCommands } from '#src/cli/tenant-access.ts'
import { addDomain, tenantDomainCommands } from '#src/cli/tenant-domains.ts'
import { importCommand } from '#src/cli/tenant-import.ts'
import { offboardCommand } from '#src/cli/tenant-offboard.ts'

const ADMIN = 'dev.headwater.admin'
const oneTenant = { operands: '<tenant>', operandCount: [1, 1] } as const

interface TenantView {
  id: string
  name: string
  did?: string
  status: string
  createdAt: string
  quotas: Record<string, number>
  usage: Record<string, number>
  domains: string[]
}

const quotaOptions: Record<string, Option> = {
  accounts: { type: 'string', value: 'N', help: 'Accounts, groups included' },
  groups: { type: 'string', value: 'N', help: 'Groups' },
  'accounts-per-hour': { type: 'string', value: 'N', help: 'New accounts in an hour' },
  domains: { type: 'string', value: 'N', help: 'Domains for handles' },
  'history-days': { type: 'string', value: 'N', help: 'The longest history that it may set' },
}

const create: Command = {
  name: 'tenant create',
  summary: 'Create a tenant: a platform with accounts of its own',
  details:
    "With --did, the platform calls with service tokens of that DID; else make an API key with 'tenant key create'.",
  ...oneTenant,
  options: {
    name: { type: 'string', value: 'TEXT', help: 'The name that people see (default: the id)' },
    did: { type: 'string', value: 'DID', help: 'The DID of the platform, such as did:web:…' },
    domain: { type: 'string', value: 'DOMAIN', help: 'Claim a domain for handles' },
    ...Object.fromEntries(
      Object.entries(quotaOptions).map(([name, option]) => [`quota-${name}`, option]),
    ),
  },
  async run(invocation) {
    const [id, domain] = [invocation.operands[0]!, textOption(invocation, 'domain')]
    const [name, did] = [textOption(invocation, 'name'), textOption(invocation, 'did')]
    const quotas = quotasOf(invocation, 'quota-')
    const tenant = await invocation.server.post<TenantView>(`${ADMIN}.createTenant`, {
      ...{ id, ...(name !== undefined && { name }), ...(did !== undefined && { did }) },
      ...(Object.keys(quotas).length > 0 && { quotas }),
    })
    if (domain === undefined) return tenant
    return { ...tenant, claimed: await addDomain(invocation, id, { domain }) }
  },
}

const list: Command = {
  name: 'tenant list',
  summary: 'List the tenants',
  async run(invocation) {
    const tenants = await readPages<TenantView>(
      invocation.server,
      `${ADMIN}.listTenants`,
      'tenants',
    )
    if (invocation.options['json'] === true) return tenants
    return tenants.map(({ id, name, status, did = '', usage, quotas, domains }) => ({
      ...{ id, name, status, did },
      accounts: `${usage['accounts']} of ${quotas['accounts']}`,
      domains,
    }))
  },
}

const show: Command = {
  name: 'tenant show',
  summary: 'Show a tenant, its usage and its quotas',
  ...oneTenant,
  run: ({ server, operands }) =>
    server.withHeaders({ tenant: operands[0]! }).get('dev.headwater.tenant.getTenant'),
}

const quota: Command = {
  name: 'tenant quota',
  summary: 'Change the quotas of a tenant',
  details: 'A quota below the usage of the tenant removes nothing.',
  ...oneTenant,
  options: quotaOptions,
  async run(invocation) {
    const quotas = quotasOf(invocation)
    if (Object.keys(quotas).length === 0) throw new UsageError('name a quota, such as --accounts')
    const [id] = invocation.operands
    return invocation.server.post(`${ADMIN}.updateTenant`, { id, quotas })
  },
}

const update: Command = {
  name: 'tenant update',
  summary: 'Change the name or the DID of a tenant',
  ...oneTenant,
  options: {
    name: { type: 'string', value: 'TEXT', help: 'The name that people see' },
    did: { type: 'string', value: 'DID', help: 'The DID of the platform, or none' },
  },
  async run(invocation) {
    const [name, did] = [textOption(invocation, 'name'), textOption(invocation, 'did')]
    return invocation.server.post(`${ADMIN}.updateTenant`, {
      id: invocation.operands[0],
      ...(name !== undefined && { name }),
      ...(did !== undefined && { did: did === 'none' ? '' : did }),
    })
  },
}

const history: Command = {
  name: 'tenant history',
  summary: 'Set for how many days the accounts of a tenant keep earlier versions of records',
  details: "'default' is what the server is configured for; 0 deletes what there is.",
  operands: '<tenant> <days|default>',
  operandCount: [2, 2],
  async run({ server, operands: [tenant = '', days = ''] }) {
    if (days !== 'default' && !/^\d{1,3}$/.test(days)) {
      throw new UsageError(`neither a number of days nor 'default': ${days}`)
    }
    const input = days === 'default' ? {} : { days: Number(days) }
    return server.withHeaders({ tenant }).post('dev.headwater.tenant.putHistory', input)
  },
}

const changes = [
  ['suspend', 'Refuse the calls of a tenant, and suspend its accounts in the background'],
  ['restore', 'End the suspension of a tenant and of its accounts'],
] as const

const suspensions = changes.map(
  ([verb, summary]): Command => ({
    name: `tenant ${verb}`,
    summary,
    ...oneTenant,
    options: { reason: { type: 'string', value: 'TEXT', help: 'For the audit log' } },
    async run(invocation) {
      const reason = textOption(invocation, 'reason')
      return invocation.server.post(`${ADMIN}.${verb}Tenant`, {
        id: invocation.operands[0],
        ...(reason !== undefined && { reason }),
      })
    },
  }),
)

const move: Command = {
  name: 'tenant move',
  summary: 'Move an account to a tenant, or out of one',
  operands: '<did-or-handle> <tenant|none>',
  operandCount: [2, 2],
  options: {
    'external-id': { type: 'string', value: 'TEXT', help: 'What the tenant calls the account' },
  },
  async run(invocation) {
    const [name = '', tenant = ''] = invocation.operands
    const did = await lookUpDid(invocation.server, name)
    const externalId = textOption(invocation, 'external-id')
    await invocation.server.post(`${ADMIN}.moveAccount`, {
      ...{ did, tenant: tenant === 'none' ? '' : tenant },
      ...(externalId !== undefined && { externalId }),
    })
    return { did, tenant }
  },
}

const accounts: Command = {
  name: 'tenant accounts',
  summary: 'List the accounts of a tenant, oldest first',
  ...oneTenant,
  options: {
    status: { type: 'string', value: 'STATUS', help: 'active, deactivated, suspended, takendown' },
    limit: { type: 'string', value: 'N', help: 'Maximum number of accounts (default: 1000)' },
  },
  run: (invocation) => readRows(invocation, 'listAccounts', 'accounts', ['status']),
}

const audit: Command = {
  name: 'tenant audit',
  summary: 'Show the audit log of a tenant, newest first',
  ...oneTenant,
  options: {
    actor: { type: 'string', value: 'WHO', help: 'A DID, the prefix of an API key, or operator' },
    target: { type: 'string', value: 'WHAT', help: 'A DID, a domain, or the prefix of a key' },
    limit: { type: 'string', value: 'N', help: 'Maximum number of entries (default: 1000)' },
  },
  run: (invocation) => readRows(invocation, 'getAudit', 'entries', ['actor', 'target']),
}

/** The longer names first. */
export const tenantCommands: readonly Command[] = [
  ...tenantAccessCommands,
  ...tenantDomainCommands,
  ...[
    create,
    list,
    show,
    quota,
    update,
    history,
    move,
    accounts,
    audit,
    importCommand,
    offboardCommand,
  ],
  ...suspensions,
]

function readRows(
  invocation: Invocation,
  method: string,
  member: string,
  filters: readonly string[],
): Promise<object[]> {
  const server = invocation.server.withHeaders({ tenant: invocation.operands[0]! })
  return readPages(server, `dev.headwater.tenant.${method}`, member, {
    params: Object.fromEntries(filters.map((name) => [name, textOption(invocation, name)])),
    pageSize: 1_000,
    most: integerOption(invocation, 'limit', 1_000),
    onPage: (count) => invocation.report(`${count} ${member}`),
  })
}

function quotasOf(invocation: Invocation, prefix = ''): Record<string, number> {
  const names = {
    accounts: 'accounts',
    groups: 'groups',
    accountsPerHour: 'accounts-per-hour',
    domains: 'domains',
    historyDays: 'history-days',
  }
  const given = Object.entries(names).filter(
    ([, name]) => textOption(invocation, `${prefix}${name}`) !== undefined,
  )
  return Object.fromEntries(
    given.map(([quota, name]) => [quota, integerOption(invocation, `${prefix}${name}`, 0)]),
  )
}
