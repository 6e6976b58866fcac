/** `headwater repo …`: whether a repo is what it should be, and a copy of it. */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Command, textOption } from '#src/cli/command.ts'
import { lookUpDid, type ServerClient } from '#src/cli/server-client.ts'
import { claimedHandle, verificationKey } from '#src/protocol/did-document.ts'

const who = { operands: '<did or handle>', operandCount: [1, 1] } as const

const verify: Command = {
  ...who,
  name: 'repo verify',
  summary:
    'Fetch a repo and check every block, the tree, and the signature against the DID document',
  options: {
    key: {
      type: 'string',
      value: 'DID:KEY',
      help: 'check against this key in place of the document’s',
    },
  },
  async run(asked) {
    const { server } = asked
    const did = await lookUpDid(server, asked.operands[0]!)
    const document = await didDocument(server, did)
    const key = textOption(asked, 'key') ?? (document && verificationKey(document, 'atproto'))
    if (key === undefined) throw new Error(`the DID document of ${did} has no signing key`)
    const before = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
    // Only here is it needed, and it takes long to load.
    const { verifyRepoCar } = await import('@atproto/repo')
    const car = await buffer(await server.bytes('com.atproto.sync.getRepo', { did }))
    const { commit, creates } = await verifyRepoCar(car, did, key).catch((error: Error) => {
      throw new Error(`the repo of ${did} is not in order: ${error.message}`)
    })
    const after = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
    if (commit.rev < before.rev || commit.rev > after.rev) {
      throw new Error(`getRepo gave ${commit.rev}, getLatestCommit ${after.rev}`)
    }
    return {
      ...{ did, ok: true, rev: commit.rev, commit: commit.cid.toString(), signingKey: key },
      ...{ records: creates.length, bytes: car.length },
      ...(document && { handle: claimedHandle(document) }),
    }
  },
}

const exportRepo: Command = {
  ...who,
  name: 'repo export',
  summary: 'Store a repo as a CAR file',
  options: { out: { type: 'string', value: 'FILE', help: 'where; <did>.car unless said' } },
  async run(asked) {
    const { server } = asked
    const did = await lookUpDid(server, asked.operands[0]!)
    const file = textOption(asked, 'out') ?? `${did.replaceAll(':', '-')}.car`
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

/** As the server resolves it; undefined where it cannot. */
async function didDocument(server: ServerClient, did: string) {
  const { didDoc } = await server.get<{ didDoc?: object }>('com.atproto.identity.resolveDid', {
    did,
  })
  return didDoc as Parameters<typeof verificationKey>[0] | undefined
}
