/** `headwater invite …`: creates, lists and disables invite codes. */
import { type Command, integerOption, textOption, UsageError } from '#src/cli/command.ts'
import { lookUpDid } from '#src/cli/server-client.ts'

interface InviteCode {
  code: string
  available: number
  disabled: boolean
  forAccount: string
  createdAt: string
  uses: { usedBy: string }[]
}

const create: Command = {
  name: 'invite create',
  summary: 'Create invite codes',
  options: {
    uses: {
      type: 'string',
      value: 'N',
      help: 'Number of accounts that each code can create (default: 1)',
    },
    count: { type: 'string', value: 'N', help: 'Number of codes (default: 1)' },
    for: {
      type: 'string',
      value: 'DID-OR-HANDLE',
      help: 'Account that owns the codes (default: the admin)',
    },
  },
  async run(invocation) {
    const { server } = invocation
    const owner = textOption(invocation, 'for')
    const forAccounts = owner === undefined ? {} : { forAccounts: [await lookUpDid(server, owner)] }
    const { codes } = await server.post<{ codes: { account: string; codes: string[] }[] }>(
      'com.atproto.server.createInviteCodes',
      {
        codeCount: integerOption(invocation, 'count', 1),
        useCount: integerOption(invocation, 'uses', 1),
        ...forAccounts,
      },
    )
    return codes.flatMap(({ account, codes }) => codes.map((code) => ({ code, account })))
  },
}

const list: Command = {
  name: 'invite list',
  summary: 'List invite codes, newest first',
  options: {
    limit: { type: 'string', value: 'N', help: 'Maximum number of codes (default: 100)' },
  },
  async run(invocation) {
    const maxCodes = integerOption(invocation, 'limit', 100)
    const found: InviteCode[] = []
    for (let cursor: string | undefined; found.length < maxCodes; ) {
      const page = await invocation.server.get<{ codes: InviteCode[]; cursor?: string }>(
        'com.atproto.admin.getInviteCodes',
        { limit: Math.min(100, maxCodes - found.length), cursor },
      )
      found.push(...page.codes)
      cursor = page.cursor
      if (cursor === undefined || page.codes.length === 0) break
    }
    return found.map(({ code, available, disabled, forAccount, createdAt, uses }) => ({
      ...{ code, available, used: uses.length, disabled, forAccount, createdAt },
    }))
  },
}

const disable: Command = {
  name: 'invite disable',
  summary: 'Disable invite codes',
  operands: '[code...]',
  operandCount: [0, 1000],
  options: {
    account: { type: 'string', value: 'DID-OR-HANDLE', help: 'Disable all codes of this account' },
  },
  async run(invocation) {
    const { server, operands: codes } = invocation
    const owner = textOption(invocation, 'account')
    if (codes.length === 0 && owner === undefined) {
      throw new UsageError('missing operand: codes, or --account')
    }
    const accounts = owner === undefined ? [] : [await lookUpDid(server, owner)]
    await server.post('com.atproto.admin.disableInviteCodes', { codes, accounts })
    return { disabled: { codes, accounts } }
  },
}

export const inviteCommands: readonly Command[] = [create, list, disable]
