/** Accounts of the soak test: what is needed to call as one, and what it must still have at the end. */
import type { XrpcClient } from '../../../bench/xrpc-client.ts'

export const collection = 'com.example.soak'

export interface SoakAccount {
  did: string
  handle: string
  password: string
  jwt: string
  /** Record keys of its records, oldest first. */
  rkeys: string[]
}

interface Session {
  did: string
  accessJwt: string
}

let made = 0

export async function createAccount(client: XrpcClient): Promise<SoakAccount> {
  const name = `soak${(made++).toString(36).padStart(5, '0')}`
  const handle = `${name}.test`
  const password = `password-of-${name}`
  const input = { handle, email: `${name}@example.com`, password }
  const created = await client.procedure<Session>('com.atproto.server.createAccount', input)
  return { did: created.did, handle, password, jwt: created.accessJwt, rkeys: [] }
}

/** Calls as the account, with a new session if the old one has expired. */
export async function callAs<Output>(
  client: XrpcClient,
  account: SoakAccount,
  nsid: string,
  input: object,
): Promise<Output> {
  const call = () =>
    client.procedure<Output>(nsid, input, { authorization: `Bearer ${account.jwt}` })
  return call().catch(async (error) => {
    if (!String(error).includes('ExpiredToken')) throw error
    const { handle: identifier, password } = account
    const session = await client.procedure<Session>('com.atproto.server.createSession', {
      ...{ identifier, password },
    })
    account.jwt = session.accessJwt
    return call()
  })
}

/** Creates a record, and deletes the oldest one in the same commit if there are `max` already. */
export async function writeRecord(
  client: XrpcClient,
  account: SoakAccount,
  max: number,
): Promise<void> {
  const value = { $type: collection, text: 'x'.repeat(200), at: new Date().toISOString() }
  const create = { $type: 'com.atproto.repo.applyWrites#create', collection, value }
  const isFull = account.rkeys.length >= max
  const oldest = isFull ? account.rkeys.shift() : undefined
  const remove = { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey: oldest }
  const writes = oldest === undefined ? [create] : [create, remove]
  const { results } = await callAs<{ results: { uri?: string }[] }>(
    client,
    account,
    'com.atproto.repo.applyWrites',
    { repo: account.did, writes },
  )
  account.rkeys.push(results[0]!.uri!.split('/').at(-1)!)
}

/** The record keys that the server has, oldest first. */
export async function storedRkeys(client: XrpcClient, { did }: SoakAccount): Promise<string[]> {
  const { records } = await client.query<{ records: { uri: string }[] }>(
    'com.atproto.repo.listRecords',
    { repo: did, collection, limit: 100, reverse: 'true' },
  )
  return records.map(({ uri }) => uri.split('/').at(-1)!)
}
