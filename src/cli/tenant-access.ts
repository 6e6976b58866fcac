/** `headwater tenant key …` and `tenant admin …`: who may act for a tenant. */
import { type Command, requiredOption, textOption } from '#src/cli/command.ts'
import { parseTime } from '#src/cli/time-argument.ts'

const METHODS = 'dev.headwater.tenant'
const oneTenant = { operands: '<tenant>', operandCount: [1, 1] } as const
const oneAdmin = { operands: '<tenant> <did>', operandCount: [2, 2] } as const

const commaSeparated = (text: string) => text.split(',').map((part) => part.trim())

const createKey: Command = {
  name: 'tenant key create',
  summary: 'Create an API key for a tenant, which is printed only once',
  ...oneTenant,
  options: {
    name: { type: 'string', value: 'TEXT', help: 'What the key is for' },
    scopes: {
      type: 'string',
      value: 'LIST',
      help: 'Of accounts:read, accounts:write, domains, webhooks and export',
    },
    expires: { type: 'string', value: 'TIME', help: 'When it ends, such as 90d (default: never)' },
    addresses: {
      type: 'string',
      value: 'LIST',
      help: 'Addresses and ranges that it may be used from (default: all)',
    },
  },
  run: (invocation) => {
    const [tenant = ''] = invocation.operands
    const [expiresAt, addresses] = ['expires', 'addresses'].map((name) =>
      textOption(invocation, name),
    )
    return invocation.server.withHeaders({ tenant }).post(`${METHODS}.createKey`, {
      name: requiredOption(invocation, 'name'),
      scopes: commaSeparated(requiredOption(invocation, 'scopes')),
      ...(expiresAt !== undefined && {
        expiresAt: parseTime('--expires', expiresAt, 'after now'),
      }),
      ...(addresses !== undefined && { addresses: commaSeparated(addresses) }),
    })
  },
}

const listKeys: Command = {
  name: 'tenant key list',
  summary: 'List the API keys of a tenant, without their secrets',
  ...oneTenant,
  async run({ server, operands: [tenant = ''] }) {
    const found = await server
      .withHeaders({ tenant })
      .get<{ keys: object[] }>(`${METHODS}.listKeys`)
    return found.keys
  },
}

const removeKey: Command = {
  name: 'tenant key remove',
  summary: 'Delete an API key, which is refused at once',
  operands: '<tenant> <prefix>',
  operandCount: [2, 2],
  async run({ server, operands: [tenant = '', prefix] }) {
    await server.withHeaders({ tenant }).post(`${METHODS}.deleteKey`, { prefix })
    return { tenant, prefix, removed: true }
  },
}

const addAdmin: Command = {
  name: 'tenant admin add',
  summary: 'Let a DID act for a tenant, or change its role',
  ...oneAdmin,
  options: {
    role: { type: 'string', value: 'ROLE', help: 'owner, admin or viewer (default: admin)' },
  },
  async run(invocation) {
    const [tenant = '', did] = invocation.operands
    const role = textOption(invocation, 'role') ?? 'admin'
    await invocation.server.withHeaders({ tenant }).post(`${METHODS}.putAdmin`, { did, role })
    return { tenant, did, role }
  },
}

const listAdmins: Command = {
  name: 'tenant admin list',
  summary: 'List who may act for a tenant',
  ...oneTenant,
  async run({ server, operands: [tenant = ''] }) {
    const found = await server
      .withHeaders({ tenant })
      .get<{ admins: object[] }>(`${METHODS}.listAdmins`)
    return found.admins
  },
}

const removeAdmin: Command = {
  name: 'tenant admin remove',
  summary: 'Remove an admin of a tenant',
  ...oneAdmin,
  async run({ server, operands: [tenant = '', did] }) {
    await server.withHeaders({ tenant }).post(`${METHODS}.deleteAdmin`, { did })
    return { tenant, did, removed: true }
  },
}

export const tenantAccessCommands: readonly Command[] = [
  ...[createKey, listKeys, removeKey],
  ...[addAdmin, listAdmins, removeAdmin],
]
