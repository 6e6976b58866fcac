/** `headwater repo …`: verifies and exports repos. */
import { buffer } from 'node:stream/consumers'
import type { DidDocument } from '@atproto/identity'
import { type Command, textOption } from '#src/cli/command.ts'
import { counted, saveCar } from '#src/cli/save-car.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'

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
    const document = await didDocument(server, did)
    // Loaded on demand, because they load slowly and only this command needs them.
    const { getHandle, getKey } = await import('@atproto/identity')
    const { verifyRepoCar } = await import('@atproto/repo')
    const key = textOption(invocation, 'key') ?? (document && getKey(document))
    if (key === undefined) throw new Error(`the DID document of ${did} has no signing key`)
    const before = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
    const stream = await server.bytes('com.atproto.sync.getRepo', { did })
    const car = await buffer(counted(stream, invocation))
    invocation.report('verifying')
    const { commit, creates } = await verifyRepoCar(car, did, key).catch((error: Error) => {
      throw new Error(`repo of ${did} is invalid: ${error.message}`)
    })
    const after = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
    if (commit.rev < before.rev || commit.rev > after.rev) {
      throw new Error(`getRepo returned rev ${commit.rev}, getLatestCommit ${after.rev}`)
    }
    return {
      ...{ did, ok: true, rev: commit.rev, commit: commit.cid.toString(), signingKey: key },
      ...{ records: creates.length, bytes: car.length },
      ...(document && { handle: getHandle(document) }),
    }
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

interface Commit {
  cid: string
  rev: string
}

async function didDocument(server: ServerClient, did: string) {
  const { didDoc } = await server.get<{ didDoc?: DidDocument }>('com.atproto.identity.resolveDid', {
    did,
  })
  return didDoc
}
