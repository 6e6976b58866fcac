/** A server in memory that archives and restores accounts: actors on node:sqlite, a directory, and a folder for archives. */
import { createHash } from 'node:crypto'
import { accountActions } from '#actors/actions/account.ts'
import { directoryActions } from '#actors/actions/directory.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { invalidRequest } from '#src/errors.ts'
import type { ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import type { RestorePorts } from '#src/gateway/archives/restore-archive.ts'
import type { RoundPorts } from '#src/gateway/archives/rounds.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { folderStorage } from '#src/ports/archive-storage-folder.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { cidOfRawDigest } from '#src/protocol/cid.ts'
import { changesState } from '#src/sequencer/private-log.ts'
import { type EmptyAccount, emptyAccount, keys, TestClock } from '#tests/support/empty-account.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

export const backupKey = Buffer.alloc(32, 5)
export const serverKey = newSigningKey().key
export const alice = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
export const bob = 'did:plc:44ybard66vv44zksje25o7dz'
export const publicUrl = 'http://localhost:2583'

export interface TestFolder {
  path: string
  storage: ArchiveStorage
  /** Keys that were stored, in order. */
  puts: string[]
}

export function testFolder(): TestFolder {
  const path = tempFolder('archive')
  const folder = folderStorage(path)
  const puts: string[] = []
  const put: ArchiveStorage['put'] = async (key, source) => {
    await folder.put(key, source)
    puts.push(key)
  }
  return { path, storage: { ...folder, put }, puts }
}

export type ArchiveServer = ReturnType<typeof archiveServer>

/** With the DID documents of accounts, which may be those of another server too. */
export function archiveServer(
  folder: TestFolder,
  { clock = new TestClock(), documents = new Map<string, string>() } = {},
) {
  const directory = testDirectory({ clock })
  const accounts = new Map<string, EmptyAccount>()
  const told: object[] = []

  async function open(did: string): Promise<EmptyAccount> {
    const known = accounts.get(did)
    if (known !== undefined) return known
    const findBirth = async () => directoryActions.initialStates.find(directory, { did })
    const send = async (state: object) =>
      directoryActions.accounts.setState(directory, { did, ...state } as never)
    const account = emptyAccount(did, { clock, directory: { findBirth, send } })
    accounts.set(did, account)
    await provisionOrResume(account, findBirth)
    return account
  }
  const dispatch = {
    account: (did: string) => bound(accountActions, () => open(did)),
    directory: bound(directoryActions, async () => directory),
    sequencer: {
      heads: {
        of: async ({ dids }: { dids: readonly string[] }) => {
          const known = dids.flatMap((did) => accounts.get(did) ?? [])
          const heads = await Promise.all(known.map(({ lane }) => lane.head()))
          return Object.fromEntries(known.map(({ did }, i) => [did, { rev: heads[i]!.rev }]))
        },
        stateSeqs: async ({ dids }: { dids: readonly string[] }) => {
          const known = dids.flatMap((did) => accounts.get(did) ?? [])
          const seqs = known.map(({ did, deliveredPrivately }) => {
            return [did, deliveredPrivately.findLastIndex(changesState) + 1] as const
          })
          return Object.fromEntries(seqs.filter(([, seq]) => seq > 0))
        },
      },
    },
  } as unknown as ArchivePorts['dispatch']
  const ports: RestorePorts & RoundPorts = {
    ...{ dispatch, keys, clock, backupKey, trusted: [], signer: serverKey },
    openStorage: async () => folder.storage,
    serviceDid: 'did:web:localhost',
    blobs: blobsOfAll(accounts),
    mustHaveRoom: () => {},
    timer: () => () => {},
    log: { info: () => {}, warn: () => {} } as ArchivePorts['log'],
    identity: identityOf(documents),
    activateAccount: async (did) => {
      const { signingKeyDid } = await (await open(did)).profile.get()
      if (documents.get(did) !== signingKeyDid) {
        throw invalidRequest('the DID is elsewhere')
      }
      await dispatch.account(did).lifecycle.changeState({ active: true })
    },
    intervalMs: 24 * 3_600_000,
    deletedKeptMs: 30 * 24 * 3_600_000,
    onFailed: async (what) => void told.push(what),
  }
  return { directory, clock, accounts, documents, ports, told, open, folder }
}

/** An account with its key in its DID document. */
export async function addAccount(
  { directory, documents, open, clock }: ArchiveServer,
  did: string,
  handle = 'alice.test',
): Promise<EmptyAccount> {
  const { privateKey, key } = newSigningKey()
  const signingKey = keys.seal(privateKey, did)
  const names = { did, handle, email: `${handle}@example.com` }
  await reserveAccount(directory, { ...names, signingKey, signingKeyDid: key.did() })
  const createdAt = new Date(clock.now()).toISOString()
  await confirmAccount(directory, { did, passwordHash: 'salt:hash', tokenId: did, createdAt })
  documents.set(did, key.did())
  return open(did)
}

/** Uploads a blob; returns the reference for a record. */
export async function addBlob(account: EmptyAccount, text: string) {
  const bytes = Buffer.from(text)
  const cid = cidOfRawDigest(createHash('sha256').update(bytes).digest())
  async function* source() {
    yield bytes
  }
  const key = await account.blobs.storage.putTemp(account.did, source())
  await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
  return { $type: 'blob', ref: { $link: cid }, mimeType: 'text/plain', size: bytes.length }
}

type Bound = Record<string, Record<string, (...args: unknown[]) => Promise<unknown>>>

function bound(actions: object, subject: () => Promise<unknown>): Bound {
  const groups = Object.entries(actions as Record<string, Record<string, unknown>>)
  return Object.fromEntries(
    groups.map(([group, features]) => [
      group,
      Object.fromEntries(
        Object.entries(features).map(([name, feature]) => [
          name,
          async (...args: unknown[]) =>
            (feature as (...all: unknown[]) => unknown)(await subject(), ...args),
        ]),
      ),
    ]),
  )
}

function blobsOfAll(accounts: ReadonlyMap<string, EmptyAccount>): BlobStorage {
  return new Proxy({} as BlobStorage, {
    get:
      (_, name: keyof BlobStorage) =>
      (did: string, ...rest: unknown[]) => {
        const storage = accounts.get(did)!.blobs.storage
        return (storage[name] as (...args: unknown[]) => unknown)(did, ...rest)
      },
  })
}

function identityOf(documents: ReadonlyMap<string, string>): RestorePorts['identity'] {
  const dataOf = (did: string) => ({
    ...{ did, rotationKeys: [], alsoKnownAs: [] },
    verificationMethods: { atproto: documents.get(did) ?? '' },
    services: { atproto_pds: { type: '', endpoint: publicUrl } },
  })
  return {
    plc: { getDocumentData: async (did: string) => dataOf(did) },
    resolver: {},
    credentials: { publicUrl, rotationKeyDid: serverKey.did() },
  } as unknown as RestorePorts['identity']
}
