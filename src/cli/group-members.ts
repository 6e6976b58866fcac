/** `headwater group add`, `role` and `remove`: changes of the members of a group. */
import { type Command, type Invocation, textOption } from '#src/cli/command.ts'
import { asMember, memberOptions, resolveName } from '#src/cli/member-session.ts'
import { parseTime } from '#src/cli/time-argument.ts'

const GROUP = 'dev.headwater.group'

const reason = { type: 'string', value: 'TEXT', help: 'Why, for the audit log' } as const
const expires = {
  type: 'string',
  value: 'TIME',
  help: 'End of the membership, such as 2027-01-31T12:00:00Z, or 30d from now',
} as const

const add: Command = {
  name: 'group add',
  summary: 'Add a member to a group',
  details: 'A person or a service, with an account of any server.',
  operands: '<group> <did-or-handle> <role>',
  operandCount: [3, 3],
  options: {
    ...memberOptions,
    ...{ expires, reason },
    service: { type: 'boolean', help: 'It is a service, not a person' },
    note: { type: 'string', value: 'TEXT', help: 'Shown with the member' },
  },
  run: (invocation) =>
    change(invocation, 'addMember', {
      role: invocation.operands[2],
      note: textOption(invocation, 'note'),
      kind: invocation.options['service'] === true ? 'service' : undefined,
      expiresAt: expiry(invocation),
    }),
}

const role: Command = {
  name: 'group role',
  summary: 'Give a member another role, or another end of its membership',
  operands: '<group> <did-or-handle> <role>',
  operandCount: [3, 3],
  options: { ...memberOptions, expires, reason },
  run: (invocation) =>
    change(invocation, 'updateMember', {
      role: invocation.operands[2],
      expiresAt: expiry(invocation),
    }),
}

const remove: Command = {
  name: 'group remove',
  summary: 'Remove a member from a group',
  details: 'Its sessions and open connections as the group end at once.',
  operands: '<group> <did-or-handle>',
  operandCount: [2, 2],
  options: { ...memberOptions, reason },
  run: (invocation) => change(invocation, 'removeMember', {}),
}

async function change(
  invocation: Invocation,
  method: string,
  fields: Record<string, string | undefined>,
): Promise<object> {
  return asMember(invocation, async (client) => {
    const [account, name] = invocation.operands as [string, string]
    const did = await resolveName(client, name)
    const input = { account, did, ...fields, reason: textOption(invocation, 'reason') }
    const answer = await client.post<object>(`${GROUP}.${method}`, input)
    return { group: account, did, ...answer }
  })
}

function expiry(invocation: Invocation): string | undefined {
  const text = textOption(invocation, 'expires')
  return text === undefined ? undefined : parseTime('--expires', text, 'after now')
}

export const groupMemberCommands: readonly Command[] = [add, role, remove]
