/** `headwater … takedown` and `… untakedown`: hiding an account, one record or one blob, and showing it again. */
import { type Command, type Invocation, textOption } from '#src/cli/command.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'

interface Kind {
  name: string
  operands: string
  count: number
  takedown: string
  untakedown: string
  /** The subject as com.atproto.admin names it. */
  subject(server: ServerClient, operands: readonly string[]): Promise<object>
}

const account: Kind = {
  name: 'account',
  operands: '<did or handle>',
  count: 1,
  takedown: 'Take an account down: nobody sees it, and it can do nothing',
  untakedown: 'End the takedown of an account',
  subject: async (server, [name]) => ({
    $type: 'com.atproto.admin.defs#repoRef',
    did: await lookUpDid(server, name!),
  }),
}

const record: Kind = {
  name: 'record',
  operands: '<at URI>',
  count: 1,
  takedown: 'Take one record down: getRecord and listRecords do not show it',
  untakedown: 'End the takedown of a record',
  async subject(server, [uri]) {
    const method = 'com.atproto.admin.getSubjectStatus'
    // It tells the CID too, which the server wants to hear.
    return (await server.get<{ subject: object }>(method, { uri: uri! })).subject
  },
}

const blob: Kind = {
  name: 'blob',
  operands: '<did or handle> <cid>',
  count: 2,
  takedown: 'Take one blob down: nobody gets it, and it cannot be uploaded again',
  untakedown: 'End the takedown of a blob',
  subject: async (server, [name, cid]) => ({
    $type: 'com.atproto.admin.defs#repoBlobRef',
    did: await lookUpDid(server, name!),
    cid: cid!,
  }),
}

export const takedownCommands: readonly Command[] = [account, record, blob].flatMap(commandsFor)

function commandsFor(kind: Kind): Command[] {
  const { name, operands, count } = kind
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
      summary: kind.takedown,
      options: { ref: { type: 'string', value: 'TEXT', help: 'why, for your records' } },
      run: (asked) => set(asked, { applied: true, ref: textOption(asked, 'ref') ?? 'headwater' }),
    },
    {
      ...shared,
      name: `${name} untakedown`,
      summary: kind.untakedown,
      run: (asked) => set(asked, { applied: false }),
    },
  ]
}
