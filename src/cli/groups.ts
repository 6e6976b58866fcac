/** `headwater group …`: creates groups, lists them and their members, makes invitations, and prints the audit log. */
import { type Command, integerOption, requiredOption, textOption } from '#src/cli/command.ts'
import { groupMemberCommands } from '#src/cli/group-members.ts'
import { asMember, memberOptions, resolveName } from '#src/cli/member-session.ts'
import { readPages } from '#src/cli/read-pages.ts'

const GROUP = 'dev.headwater.group'
const DAY_MS = 24 * 60 * 60 * 1000
/** Groups of an account, or members of a group. */
const MAX_ROWS = 1_000

type Fields = Record<string, unknown>

const list: Command = {
  name: 'group list',
  summary: 'List the groups that an account is a member of',
  options: memberOptions,
  run: (invocation) =>
    asMember(invocation, (client) =>
      readPages(client, `${GROUP}.list`, 'groups', { most: MAX_ROWS }),
    ),
}

const create: Command = {
  name: 'group create',
  summary: 'Create a group, with its creator as owner',
  details: 'It needs no password and no email address: its members sign in.',
  operands: '[handle]',
  operandCount: [0, 1],
  options: {
    ...memberOptions,
    members: { type: 'string', value: 'NAME=ROLE,…', help: 'Other members, by DID or handle' },
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const [handle] = invocation.operands
      const pairs = (textOption(invocation, 'members') ?? '').split(',').filter(Boolean)
      const members = await Promise.all(
        pairs.map(async (pair) => {
          const [name = '', role = 'viewer'] = pair.split('=')
          return { did: await resolveName(client, name), role }
        }),
      )
      return client.post(`${GROUP}.create`, { ...(handle && { handle }), members })
    }),
}

const members: Command = {
  name: 'group members',
  summary: 'List the members of a group',
  operands: '<group>',
  operandCount: [1, 1],
  options: memberOptions,
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const params = { account: invocation.operands[0]! }
      const query = { params, most: MAX_ROWS }
      const found = await readPages<Fields>(client, `${GROUP}.listMembers`, 'members', query)
      return found.map(({ did, role, kind, addedBy, addedAt, expiresAt, note }) => ({
        ...{ did, role, kind, addedBy, addedAt, expiresAt: expiresAt ?? '', note: note ?? '' },
      }))
    }),
}

const invite: Command = {
  name: 'group invite',
  summary: 'Create an invitation, whose token is printed only once',
  details: 'For one account, or for everyone who has the link. It is accepted with acceptInvite.',
  operands: '<group>',
  operandCount: [1, 1],
  options: {
    ...memberOptions,
    role: { type: 'string', value: 'ROLE', help: 'Role that it gives; required' },
    for: { type: 'string', value: 'DID-OR-HANDLE', help: 'Only for this account' },
    uses: {
      type: 'string',
      value: 'N',
      help: 'How often a link may be used (default: any number)',
    },
    days: { type: 'string', value: 'N', help: 'How long it is valid (default: 7)' },
    approval: { type: 'boolean', help: 'Those who use the link only ask to join' },
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const { operands, options } = invocation
      const name = textOption(invocation, 'for')
      const uses = integerOption(invocation, 'uses', 0)
      const days = integerOption(invocation, 'days', 7)
      const { invite, token } = await client.post<{ invite: object; token: string }>(
        `${GROUP}.createInvite`,
        {
          ...{ account: operands[0]!, role: requiredOption(invocation, 'role') },
          ...(name !== undefined && { for: await resolveName(client, name) }),
          ...(uses > 0 && { uses }),
          expiresAt: new Date(Date.now() + days * DAY_MS).toISOString(),
          approval: options['approval'] === true,
        },
      )
      return { ...invite, token }
    }),
}

const audit: Command = {
  name: 'group audit',
  summary: 'Print the audit log of a group, newest first',
  operands: '<group>',
  operandCount: [1, 1],
  options: {
    ...memberOptions,
    actor: { type: 'string', value: 'DID-OR-HANDLE', help: 'Only what this member did' },
    action: { type: 'string', value: 'ACTION', help: "Only this, such as 'member removed'" },
    limit: { type: 'string', value: 'N', help: 'Maximum number of entries (default: 100)' },
  },
  run: (invocation) =>
    asMember(invocation, async (client) => {
      const name = textOption(invocation, 'actor')
      const actor = name === undefined ? undefined : await resolveName(client, name)
      const action = textOption(invocation, 'action')
      const entries = await readPages<Fields>(client, `${GROUP}.getAuditLog`, 'entries', {
        params: { account: invocation.operands[0]!, actor, action },
        most: integerOption(invocation, 'limit', 100),
      })
      if (invocation.options['json'] === true) return entries
      return entries.map(({ at, actor, role, action, target, detail, client, reason }) => ({
        ...{ at, actor, role, action, target: target ?? '', detail: detail ?? '' },
        ...{ client: client ?? '', reason: reason ?? '' },
      }))
    }),
}

export const groupCommands: readonly Command[] = [
  list,
  create,
  members,
  ...groupMemberCommands,
  invite,
  audit,
]
