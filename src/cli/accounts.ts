/** `headwater account …`: making accounts, looking at them, and ending them. */
import { randomBytes } from 'node:crypto'
import {
  type Command,
  type Invocation,
  integerOption,
  requiredOption,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { lookUpDid } from '#src/cli/server-client.ts'

const who = { operands: '<did or handle>', operandCount: [1, 1] } as const

const did = ({ server, operands }: Invocation) => lookUpDid(server, operands[0]!)

interface View {
  did: string
  handle: string
  email?: string
  indexedAt: string
}

const create: Command = {
  name: 'account create',
  summary: 'Make an account; without --password one is made up and printed',
  options: {
    handle: { type: 'string', value: 'HANDLE', help: 'its handle, for example alice.example.com' },
    email: { type: 'string', value: 'EMAIL', help: 'its email address' },
    password: {
      type: 'string',
      value: 'TEXT',
      help: 'its password; - reads it from standard input',
    },
    invite: { type: 'string', value: 'CODE', help: 'an invite code; made where one is required' },
  },
  async run(asked) {
    const { server } = asked
    const [handle, email] = [requiredOption(asked, 'handle'), requiredOption(asked, 'email')]
    const given = await secretOption(asked, 'password')
    const password = given ?? newPassword()
    const { inviteCodeRequired } = await server.get<{ inviteCodeRequired?: boolean }>(
      'com.atproto.server.describeServer',
    )
    const code =
      textOption(asked, 'invite') ?? (inviteCodeRequired ? await newInvite(asked) : undefined)
    const made = await server.post<{ did: string; handle: string }>(
      'com.atproto.server.createAccount',
      { handle, email, password, ...(code !== undefined && { inviteCode: code }) },
      'nobody',
    )
    const told = given === undefined ? { password } : {}
    return { did: made.did, handle: made.handle, email, ...told }
  },
}

const list: Command = {
  name: 'account list',
  summary: 'List accounts, oldest first',
  options: {
    search: { type: 'string', value: 'TEXT', help: 'only those whose email or handle contains it' },
    limit: { type: 'string', value: 'N', help: 'at most so many (100)' },
  },
  async run(asked) {
    const most = integerOption(asked, 'limit', 100)
    const accounts: View[] = []
    for (let cursor: string | undefined; accounts.length < most; ) {
      const limit = Math.min(100, most - accounts.length)
      const params = { email: textOption(asked, 'search'), limit, cursor }
      const page = await asked.server.get<{ accounts: View[]; cursor?: string }>(
        'com.atproto.admin.searchAccounts',
        params,
      )
      accounts.push(...page.accounts)
      cursor = page.cursor
      if (cursor === undefined) break
    }
    return accounts.map(({ did, handle, email, indexedAt }) => ({ did, handle, email, indexedAt }))
  },
}

const info: Command = {
  ...who,
  name: 'account info',
  summary: 'Show what the server knows of an account',
  async run(asked) {
    const subject = await did(asked)
    const { server } = asked
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

const end: Command = {
  ...who,
  name: 'account delete',
  summary: 'Delete an account and all that is its; nothing brings it back',
  options: { yes: { type: 'boolean', help: 'needed: that you mean it' } },
  async run(asked) {
    if (asked.options['yes'] !== true) throw new UsageError('--yes is needed')
    const subject = await did(asked)
    await asked.server.post('com.atproto.admin.deleteAccount', { did: subject })
    return { did: subject, deleted: true }
  },
}

const suspend: Command = {
  ...who,
  name: 'account suspend',
  summary: 'Suspend an account: as a takedown, but its sessions go on when it ends',
  run: ({ server, operands }) => server.post('_admin/suspend', { account: operands[0]! }),
}

const unsuspend: Command = {
  ...who,
  name: 'account unsuspend',
  summary: 'End a suspension',
  run: ({ server, operands }) => server.post('_admin/unsuspend', { account: operands[0]! }),
}

const resetPassword: Command = {
  ...who,
  name: 'account reset-password',
  summary: 'Give an account another password; without --password one is made up and printed',
  options: {
    password: {
      type: 'string',
      value: 'TEXT',
      help: 'the new one; - reads it from standard input',
    },
  },
  async run(asked) {
    const given = await secretOption(asked, 'password')
    const password = given ?? newPassword()
    const subject = await did(asked)
    await asked.server.post('com.atproto.admin.updateAccountPassword', { did: subject, password })
    return { did: subject, ...(given === undefined && { password }) }
  },
}

const rotateKey: Command = {
  ...who,
  name: 'account rotate-key',
  summary: 'Give an account a new signing key, in its DID document too',
  async run(asked) {
    const subject = await did(asked)
    const { signingKey } = await asked.server.post<{ signingKey: string }>(
      'com.atproto.server.reserveSigningKey',
      {},
    )
    const input = { did: subject, signingKey }
    await asked.server.post('com.atproto.admin.updateAccountSigningKey', input)
    return input
  },
}

const announce: Command = {
  ...who,
  name: 'account announce',
  summary: 'Tell relays again of an account: #account, #identity and #sync',
  run: ({ server, operands }) => server.post('_admin/announce', { account: operands[0]! }),
}

const removeFactors: Command = {
  ...who,
  name: 'account remove-factors',
  summary: 'Let an account sign in with its password alone: its owner has lost the second step',
  run: ({ server, operands }) => server.post('_admin/remove-factors', { account: operands[0]! }),
}

export const accountCommands: readonly Command[] = [
  create,
  list,
  info,
  end,
  suspend,
  unsuspend,
  resetPassword,
  rotateKey,
  announce,
  removeFactors,
]

async function newInvite({ server }: Invocation): Promise<string> {
  const input = { useCount: 1 }
  const { code } = await server.post<{ code: string }>('com.atproto.server.createInviteCode', input)
  return code
}

function newPassword(): string {
  return randomBytes(18).toString('base64url')
}
