/** `headwater invite …`: creates, lists and disables invite codes. */
import { type Command, integerOption, textOption, UsageError } from '#src/cli/command.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'

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
    for await (const page of pagesOfCodes(invocation.server, Math.min(100, maxCodes))) {
      found.push(...page)
      invocation.report(`${found.length} codes`)
      if (found.length >= maxCodes) break
    }
    return found
      .slice(0, maxCodes)
      .map(({ code, available, disabled, forAccount, createdAt, uses }) => ({
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
    const unknown = await findUnknown(server, codes)
    // The method ignores them, and a mistyped code would stay usable.
    if (unknown.length > 0) throw new Error(`no such invite code: ${unknown.join(', ')}`)
    const accounts = owner === undefined ? [] : [await lookUpDid(server, owner)]
    await server.post('com.atproto.admin.disableInviteCodes', { codes, accounts })
    return { disabled: { codes, accounts } }
  },
}

async function* pagesOfCodes(server: ServerClient, limit: number): AsyncGenerator<InviteCode[]> {
  for (let cursor: string | undefined; limit > 0; ) {
    const page = await server.get<{ codes: InviteCode[]; cursor?: string }>(
      'com.atproto.admin.getInviteCodes',
      { limit, cursor },
    )
    if (page.codes.length > 0) yield page.codes
    cursor = page.cursor
    if (cursor === undefined || page.codes.length === 0) return
  }
}

async function findUnknown(server: ServerClient, codes: readonly string[]): Promise<string[]> {
  const unknown = new Set(codes)
  if (unknown.size === 0) return []
  for await (const page of pagesOfCodes(server, 500)) {
    for (const { code } of page) unknown.delete(code)
    if (unknown.size === 0) break
  }
  return [...unknown]
}

export const inviteCommands: readonly Command[] = [create, list, disable]
