/** `headwater repo …`: verifies and exports repos. */
import { type Command, textOption } from '#src/cli/command.ts'
import { counted, saveCar } from '#src/cli/save-car.ts'
import { lookUpDid } from '#src/cli/server-client.ts'
import { verifyRepo } from '#src/cli/verify-repo.ts'

const oneAccount = { operands: '<did-or-handle>', operandCount: [1, 1] } as const

const verify: Command = {
  ...oneAccount,
  name: 'repo verify',
  summary: 'Verify a repo',
  details:
    'Fetches the repo and verifies its blocks, its tree, and its signature against the DID document.',
  options: {
    key: {
      type: 'string',
      value: 'DID:KEY',
      help: 'Public key to verify with (default: the one in the DID document)',
    },
  },
  async run(invocation) {
    const { server } = invocation
    const did = await lookUpDid(server, invocation.operands[0]!)
    const key = textOption(invocation, 'key')
    const onBytes = (stream: ReadableStream<Uint8Array>) => counted(stream, invocation)
    const { document, ...found } = await verifyRepo(server, did, { key, onBytes })
    const { getHandle } = await import('@atproto/identity')
    return { did, ok: true, ...found, ...(document && { handle: getHandle(document) }) }
  },
}

const exportRepo: Command = {
  ...oneAccount,
  name: 'repo export',
  summary: 'Export a repo to a CAR file, and check its blocks',
  options: { out: { type: 'string', value: 'FILE', help: 'Output file (default: <did>.car)' } },
  async run(invocation) {
    const { server } = invocation
    const did = await lookUpDid(server, invocation.operands[0]!)
    const file = textOption(invocation, 'out') ?? `${did.replaceAll(':', '-')}.car`
    const saved = await saveCar(invocation, file, () => {
      return server.bytes('com.atproto.sync.getRepo', { did })
    })
    return { did, file, ...saved }
  },
}

export const repoCommands: readonly Command[] = [verify, exportRepo]
