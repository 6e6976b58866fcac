/** `headwater repo …`: verifies and exports repos. */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Command, textOption } from '#src/cli/command.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'
import { claimedHandle, verificationKey } from '#src/protocol/did-document.ts'

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
    const key = textOption(invocation, 'key') ?? (document && verificationKey(document, 'atproto'))
    if (key === undefined) throw new Error(`the DID document of ${did} has no signing key`)
    const before = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
    // Loaded on demand, because it loads slowly and only this command needs it.
    const { verifyRepoCar } = await import('@atproto/repo')
    const car = await buffer(await server.bytes('com.atproto.sync.getRepo', { did }))
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
      ...(document && { handle: claimedHandle(document) }),
    }
  },
}

const exportRepo: Command = {
  ...oneAccount,
  name: 'repo export',
  summary: 'Export a repo to a CAR file',
  options: { out: { type: 'string', value: 'FILE', help: 'Output file (default: <did>.car)' } },
  async run(invocation) {
    const { server } = invocation
    const did = await lookUpDid(server, invocation.operands[0]!)
    const file = textOption(invocation, 'out') ?? `${did.replaceAll(':', '-')}.car`
    const part = `${file}.part`
    const car = await server.bytes('com.atproto.sync.getRepo', { did })
    const out = createWriteStream(part)
    try {
      await pipeline(Readable.fromWeb(car as never), out)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
    await rename(part, file)
    return { did, file, bytes: out.bytesWritten }
  },
}

export const repoCommands: readonly Command[] = [verify, exportRepo]

interface Commit {
  cid: string
  rev: string
}

async function didDocument(server: ServerClient, did: string) {
  const { didDoc } = await server.get<{ didDoc?: object }>('com.atproto.identity.resolveDid', {
    did,
  })
  return didDoc as Parameters<typeof verificationKey>[0] | undefined
}
