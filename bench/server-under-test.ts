/** A server under test with its accounts, and the calls that several phases make. */
import { randomBytes } from 'node:crypto'
import { nextTid } from '#src/protocol/tid.ts'
import type { Server } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

export const posts = 'app.bsky.feed.post'

/** An account with the headers that authenticate it. */
export interface Caller {
  did: string
  headers: Record<string, string>
}

export interface Session extends Caller {
  handle: string
  password: string
}

export interface ServerUnderTest {
  name: string
  server: Server
  client: XrpcClient
  /** Accounts to write to. */
  writers: Session[]
  /** The account to read from, with its record keys. */
  readAccount: Session
  rkeys: string[]
}

export async function prepareServer(server: Server, sizes: Sizes): Promise<ServerUnderTest> {
  const client = new XrpcClient(server.url)
  const read = await createAccount(client)
  const rkeys = newRkeys(sizes.records)
  await createPosts(client, read, rkeys)
  const writers: Session[] = []
  while (writers.length < sizes.writers) writers.push(await createAccount(client))
  return { name: server.name, server, client, writers, readAccount: read, rkeys }
}

export interface Sizes {
  records: number
  writers: number
}

export async function createAccount(client: XrpcClient): Promise<Session> {
  const name = `b${randomBytes(6).toString('hex')}`
  const handle = `${name}.test`
  const password = randomBytes(12).toString('hex')
  const created = await client.procedure<{ did: string; handle: string; accessJwt: string }>(
    'com.atproto.server.createAccount',
    { handle, email: `${name}@bench.invalid`, password },
  )
  const { did, accessJwt } = created
  assertAnswer(created.handle === handle && did.startsWith('did:plc:'), 'createAccount')
  return { did, handle, password, headers: { authorization: `Bearer ${accessJwt}` } }
}

export async function createPost(client: XrpcClient, caller: Caller, n: number, rkey?: string) {
  const { did, headers } = caller
  const input = { repo: did, collection: posts, record: post(n), ...(rkey && { rkey }) }
  const created = await client.procedure<{ uri: string; cid: string }>(
    'com.atproto.repo.createRecord',
    input,
    headers,
  )
  assertAnswer(created.uri.startsWith(`at://${did}/${posts}/`) && created.cid, 'createRecord')
}

/** Creates posts with these record keys, up to 200 per commit. */
export async function createPosts(client: XrpcClient, { did, headers }: Caller, rkeys: string[]) {
  for (let from = 0; from < rkeys.length; from += 200) {
    const writes = rkeys.slice(from, from + 200).map((rkey, i) => {
      const value = post(from + i)
      return { $type: 'com.atproto.repo.applyWrites#create', collection: posts, rkey, value }
    })
    const answer = await client.procedure<{ results: unknown[] }>(
      'com.atproto.repo.applyWrites',
      { repo: did, writes },
      headers,
    )
    assertAnswer(answer.results.length === writes.length, 'applyWrites')
  }
}

let lastRkey = nextTid(Date.now(), 0, null)

export function newRkeys(count: number): string[] {
  return Array.from({ length: count }, () => {
    lastRkey = nextTid(Date.now(), 0, lastRkey)
    return lastRkey
  })
}

const words = 'the quick brown fox jumps over a lazy dog while bright clouds drift by'.split(' ')

function post(n: number) {
  const text = Array.from({ length: 16 }, (_, i) => words[(n * 7 + i * 13) % words.length])
  const createdAt = new Date().toISOString()
  return { $type: posts, text: `note ${n}: ${text.join(' ')}`, langs: ['en'], createdAt }
}

/** A wrong answer must not count, however fast. */
export function assertAnswer(right: unknown, what: string): asserts right {
  if (!right) throw new Error(`wrong answer: ${what}`)
}
