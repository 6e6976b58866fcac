/** `headwater invite …`: the codes that new accounts need. */
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
  summary: 'Make invite codes',
  options: {
    uses: { type: 'string', value: 'N', help: 'accounts that one code is good for (1)' },
    count: { type: 'string', value: 'N', help: 'how many codes (1)' },
    for: { type: 'string', value: 'DID', help: 'whose codes they are; the admin’s unless said' },
  },
  async run(asked) {
    const { server } = asked
    const owner = textOption(asked, 'for')
    const forAccounts = owner === undefined ? {} : { forAccounts: [await lookUpDid(server, owner)] }
    const { codes } = await server.post<{ codes: { account: string; codes: string[] }[] }>(
      'com.atproto.server.createInviteCodes',
      {
        codeCount: integerOption(asked, 'count', 1),
        useCount: integerOption(asked, 'uses', 1),
        ...forAccounts,
      },
    )
    return codes.flatMap(({ account, codes }) => codes.map((code) => ({ code, account })))
  },
}

const list: Command = {
  name: 'invite list',
  summary: 'List invite codes, newest first',
  options: { limit: { type: 'string', value: 'N', help: 'at most so many (100)' } },
  async run(asked) {
    const most = integerOption(asked, 'limit', 100)
    const found: InviteCode[] = []
    for (let cursor: string | undefined; found.length < most; ) {
      const page = await asked.server.get<{ codes: InviteCode[]; cursor?: string }>(
        'com.atproto.admin.getInviteCodes',
        { limit: Math.min(100, most - found.length), cursor },
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
  summary: 'Make invite codes useless',
  operands: '[code …]',
  operandCount: [0, 1000],
  options: { account: { type: 'string', value: 'DID', help: 'all codes of this account' } },
  async run(asked) {
    const { server, operands: codes } = asked
    const owner = textOption(asked, 'account')
    if (codes.length === 0 && owner === undefined) {
      throw new UsageError('codes or --account are needed')
    }
    const accounts = owner === undefined ? [] : [await lookUpDid(server, owner)]
    await server.post('com.atproto.admin.disableInviteCodes', { codes, accounts })
    return { disabled: { codes, accounts } }
  },
}

export const inviteCommands: readonly Command[] = [create, list, disable]
