/** `headwater account …`: lists, shows, changes and deletes accounts. */
import {
  type Command,
  type Invocation,
  integerOption,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { newPassword } from '#src/cli/create-account.ts'
import { createCommand } from '#src/cli/create-command.ts'
import { deleteCommand } from '#src/cli/delete-command.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { lookUpDid } from '#src/cli/server-client.ts'

const oneAccount = { operands: '<did-or-handle>', operandCount: [1, 1] } as const

const didOperand = ({ server, operands }: Invocation) => lookUpDid(server, operands[0]!)

interface AccountView {
  did: string
  handle: string
  email?: string
  indexedAt: string
}

const list: Command = {
  name: 'account list',
  summary: 'List accounts, oldest first',
  options: {
    search: {
      type: 'string',
      value: 'TEXT',
      help: 'Only accounts whose email or handle contains this text',
    },
    limit: { type: 'string', value: 'N', help: 'Maximum number of accounts (default: 100)' },
  },
  async run(invocation) {
    const accounts = await readPages<AccountView>(
      invocation.server,
      'com.atproto.admin.searchAccounts',
      'accounts',
      {
        params: { email: textOption(invocation, 'search') },
        most: integerOption(invocation, 'limit', 100),
        onPage: (count) => invocation.report(`${count} accounts`),
      },
    )
    const statuses = await statusesOf(accounts, invocation.server)
    return accounts.map(({ did, handle, email, indexedAt }) => ({
      did,
      handle,
      email,
      status: statuses.get(did) ?? '',
      indexedAt,
    }))
  },
}

/** `active`, `deactivated`, `suspended` or `takendown`, by DID. */
async function statusesOf(
  accounts: readonly AccountView[],
  server: Invocation['server'],
): Promise<Map<string, string>> {
  const missing = new Set(accounts.map(({ did }) => did))
  const statuses = new Map<string, string>()
  for (let cursor: string | undefined; missing.size > 0; ) {
    const page = await server.get<{
      repos: { did: string; active?: boolean; status?: string }[]
      cursor?: string
    }>('com.atproto.sync.listRepos', { limit: 1000, cursor })
    for (const { did, active, status } of page.repos) {
      if (missing.delete(did)) statuses.set(did, active === false ? (status ?? '') : 'active')
    }
    cursor = page.cursor
    if (cursor === undefined) break
  }
  // What was never active, such as an account that is being moved here, is not listed.
  for (const did of missing) statuses.set(did, await unlistedStatusOf(did, server))
  return statuses
}

async function unlistedStatusOf(did: string, server: Invocation['server']): Promise<string> {
  const answer = await server
    .get<{ active: boolean; status?: string }>('com.atproto.sync.getRepoStatus', { did })
    // It was deleted meanwhile.
    .catch(() => undefined)
  return answer?.active ? 'active' : (answer?.status ?? '')
}

const info: Command = {
  ...oneAccount,
  name: 'account info',
  summary: 'Show an account',
  async run(invocation) {
    const subject = await didOperand(invocation)
    const { server } = invocation
    const [view, status, repo] = await Promise.all([
      server.get<object>('com.atproto.admin.getAccountInfo', { did: subject }),
      server.get<{ takedown?: object; deactivated?: object }>(
        'com.atproto.admin.getSubjectStatus',
        { did: subject },
      ),
      server.get<{ active: boolean; status?: string; rev?: string }>(
        'com.atproto.sync.getRepoStatus',
        { did: subject },
      ),
    ])
    const { takedown, deactivated } = status
    return { ...view, takedown, deactivated, ...repo }
  },
}

const update: Command = {
  ...oneAccount,
  name: 'account update',
  summary: 'Change the handle or the email of an account',
  details: 'A handle under a domain of this server may be one that is reserved for others.',
  options: {
    handle: { type: 'string', value: 'HANDLE', help: 'New handle' },
    email: { type: 'string', value: 'EMAIL', help: 'New email address' },
  },
  async run(invocation) {
    const { server } = invocation
    const [handle, email] = [textOption(invocation, 'handle'), textOption(invocation, 'email')]
    if (handle === undefined && email === undefined) {
      throw new UsageError('missing option: --handle or --email')
    }
    const did = await didOperand(invocation)
    if (email !== undefined) {
      await server.post('com.atproto.admin.updateAccountEmail', { account: did, email })
    }
    if (handle !== undefined) {
      await server.post('com.atproto.admin.updateAccountHandle', { did, handle })
    }
    return { did, handle, email }
  },
}

const suspend: Command = {
  ...oneAccount,
  name: 'account suspend',
  summary: 'Suspend an account',
  details:
    'Like a takedown, except that the sessions of the account resume when the suspension ends.',
  run: ({ server, operands }) => server.post('_admin/suspend', { account: operands[0]! }),
}

const unsuspend: Command = {
  ...oneAccount,
  name: 'account unsuspend',
  summary: 'End a suspension',
  run: ({ server, operands }) => server.post('_admin/unsuspend', { account: operands[0]! }),
}

const resetPassword: Command = {
  ...oneAccount,
  name: 'account reset-password',
  summary: 'Set a new password',
  options: {
    password: {
      type: 'string',
      value: 'PASSWORD',
      help: 'New password, or - for standard input (default: random, and printed)',
    },
  },
  async run(invocation) {
    const chosen = await secretOption(invocation, 'password')
    const password = chosen ?? newPassword()
    const subject = await didOperand(invocation)
    await invocation.server.post('com.atproto.admin.updateAccountPassword', {
      did: subject,
      password,
    })
    return { did: subject, ...(chosen === undefined && { password }) }
  },
}

const rotateKey: Command = {
  ...oneAccount,
  name: 'account rotate-key',
  summary: 'Rotate the signing key',
  details:
    'Publishes a new key with a PLC operation and signs the repo with it. Only for a did:plc: the owner of a did:web changes its document.',
  async run(invocation) {
    const subject = await didOperand(invocation)
    if (!subject.startsWith('did:plc:')) {
      throw new Error(
        `${subject} has no PLC operations: its key is in the DID document that its owner publishes. ` +
          'Reserve a key (com.atproto.server.reserveSigningKey), let the owner publish it, and then call com.atproto.admin.updateAccountSigningKey.',
      )
    }
    const { signingKey } = await invocation.server.post<{ signingKey: string }>(
      'com.atproto.server.reserveSigningKey',
      {},
    )
    const input = { did: subject, signingKey }
    await invocation.server.post('com.atproto.admin.updateAccountSigningKey', input)
    return input
  },
}

const announce: Command = {
  ...oneAccount,
  name: 'account announce',
  summary: 'Emit the events of an account again',
  details: 'Emits #account, #identity and #sync, for relays that have lost the account.',
  run: ({ server, operands }) => server.post('_admin/announce', { account: operands[0]! }),
}

const removeFactors: Command = {
  ...oneAccount,
  name: 'account remove-factors',
  summary: 'Remove the second factors',
  details: 'For an owner who has lost them: the password alone is then enough to sign in.',
  run: ({ server, operands }) => server.post('_admin/remove-factors', { account: operands[0]! }),
}

export const accountCommands: readonly Command[] = [
  createCommand,
  list,
  info,
  update,
  deleteCommand,
  suspend,
  unsuspend,
  resetPassword,
  rotateKey,
  announce,
  removeFactors,
]
