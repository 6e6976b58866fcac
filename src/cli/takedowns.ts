/** `headwater <account|record|blob> takedown` and `untakedown`. */
import { type Command, type Invocation, textOption } from '#src/cli/command.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'

interface SubjectKind {
  name: string
  operands: string
  count: number
  effect: string
  subject(server: ServerClient, operands: readonly string[]): Promise<object>
}

const account: SubjectKind = {
  name: 'account',
  operands: '<did-or-handle>',
  count: 1,
  effect: 'The account and its content are hidden, and all its sessions end.',
  subject: async (server, [name]) => ({
    $type: 'com.atproto.admin.defs#repoRef',
    did: await lookUpDid(server, name!),
  }),
}

const record: SubjectKind = {
  name: 'record',
  operands: '<at-uri>',
  count: 1,
  effect: 'getRecord and listRecords no longer return the record.',
  async subject(server, [uri]) {
    const method = 'com.atproto.admin.getSubjectStatus'
    // The subject it returns has the CID, which a takedown needs.
    return (await server.get<{ subject: object }>(method, { uri: uri! })).subject
  },
}

const blob: SubjectKind = {
  name: 'blob',
  operands: '<did-or-handle> <cid>',
  count: 2,
  effect: 'The blob is no longer served, and cannot be uploaded again.',
  subject: async (server, [name, cid]) => ({
    $type: 'com.atproto.admin.defs#repoBlobRef',
    did: await lookUpDid(server, name!),
    cid: cid!,
  }),
}

export const takedownCommands: readonly Command[] = [account, record, blob].flatMap(commandsFor)

function commandsFor(kind: SubjectKind): Command[] {
  const { name, operands, count, effect } = kind
  const article = name === 'account' ? 'an' : 'a'
  const shared = { operands, operandCount: [count, count] } as const
  const set = async ({ server, operands }: Invocation, takedown: object) => {
    const subject = await kind.subject(server, operands)
    await server.post('com.atproto.admin.updateSubjectStatus', { subject, takedown })
    return { ...subject, $type: undefined, takedown }
  }
  return [
    {
      ...shared,
      name: `${name} takedown`,
      summary: `Take down ${article} ${name}`,
      details: effect,
      options: {
        ref: {
          type: 'string',
          value: 'TEXT',
          help: 'Reason, stored as the takedown ref (default: headwater)',
        },
      },
      run: (invocation) =>
        set(invocation, { applied: true, ref: textOption(invocation, 'ref') ?? 'headwater' }),
    },
    {
      ...shared,
      name: `${name} untakedown`,
      summary: `Reverse the takedown of ${article} ${name}`,
      run: (invocation) => set(invocation, { applied: false }),
    },
  ]
}
