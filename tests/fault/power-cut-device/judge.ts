/** Counts what of the acknowledged is missing on a server, with code that is not ours. */
import { type DidDocument, getKey } from '@atproto/identity'
import { verifyRepoCar } from '@atproto/repo'
import type { Acknowledged } from '#tests/fault/power-cut-device/load.ts'
import { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import type { TestAccount } from '#tests/support/server.ts'

/** How many there were, and how many of them are missing or different. */
export interface Count {
  all: number
  lost: number
}

export interface Judgement {
  /** Creates, updates and deletes; only the last of each record counts. */
  records: Count
  /** Those that can be signed in to, and whose repo is whole. */
  accounts: Count
  /** Those that a subscriber had received, byte for byte. */
  frames: Count
  /** Commits of acknowledged writes that reach the firehose, then or now. */
  commits: Count
  blobs: Count
}

const none = new Uint8Array()
const WAIT_MS = 300_000
/** The log is replayed in large parts, with pauses between them. */
const SILENCE_MS = 20_000

export async function judge(url: string, acknowledged: Acknowledged): Promise<Judgement> {
  const { accounts, blobs } = acknowledged
  const subscriber = new ReconnectingSubscriber(url)
  try {
    const records = await countRecords(url, acknowledged)
    // One by one: of many passwords at once, the server refuses some.
    const missing: boolean[] = []
    for (const account of accounts) missing.push(!(await isWhole(url, account)))
    const gone = await Promise.all(blobs.map(async (blob) => !(await hasBlob(url, blob))))
    return {
      records,
      accounts: countOf(missing),
      blobs: countOf(gone),
      ...(await countEvents(subscriber, acknowledged)),
    }
  } finally {
    subscriber.close()
  }
}

/** Everything is lost: the server did not start. */
export function nothingLeft(acknowledged: Acknowledged): Judgement {
  const { accounts, blobs, frames } = acknowledged
  const all = (length: number): Count => ({ all: length, lost: length })
  const records = [...expectedRecords(acknowledged).values()].reduce((n, { size }) => n + size, 0)
  return {
    records: all(records),
    accounts: all(accounts.length),
    frames: all(frames.length),
    commits: all(commitsOf(acknowledged).length),
    blobs: all(blobs.length),
  }
}

function countOf(isLost: readonly boolean[]): Count {
  return { all: isLost.length, lost: isLost.filter(Boolean).length }
}

function commitsOf({ answered }: Acknowledged): string[] {
  return [...answered].flatMap(({ commit }) => commit?.cid ?? [])
}

/** By DID and path: the CID, or null for a deleted record. A path whose last write was not answered may be anything. */
function expectedRecords(acknowledged: Acknowledged): Map<string, Map<string, string | null>> {
  const { attempts, answered, accounts } = acknowledged
  const expected = new Map(accounts.map(({ did }) => [did, new Map<string, string | null>()]))
  for (const attempt of attempts) {
    for (const { action, path, cid } of attempt.ops) {
      const records = expected.get(attempt.did)
      if (records === undefined || path === undefined) continue
      if (answered.has(attempt)) records.set(path, action === 'delete' ? null : cid!)
      else records.delete(path)
    }
  }
  return expected
}

async function countRecords(url: string, acknowledged: Acknowledged): Promise<Count> {
  const count = { all: 0, lost: 0 }
  for (const [did, expected] of expectedRecords(acknowledged)) {
    const found = await recordsOf(url, did)
    count.all += expected.size
    for (const [path, cid] of expected) if ((found.get(path) ?? null) !== cid) count.lost++
    // Without a repo, deletes are lost too.
    if (found.size === 0) count.lost += [...expected.values()].filter((cid) => cid === null).length
  }
  return count
}

/** CIDs by path; none if there is no repo, or not a valid one. */
async function recordsOf(url: string, did: string): Promise<Map<string, string>> {
  const [description, car] = await Promise.all([
    ask(url, `repo.describeRepo?repo=${did}`),
    ask(url, `sync.getRepo?did=${did}`),
  ])
  if (description === undefined || car === undefined) return new Map()
  const { didDoc } = JSON.parse(Buffer.from(description).toString()) as { didDoc: DidDocument }
  const { creates } = await verifyRepoCar(car, did, getKey(didDoc)!)
  return new Map(creates.map(({ collection, rkey, cid }) => [`${collection}/${rkey}`, String(cid)]))
}

async function isWhole(url: string, { did, handle, password }: TestAccount): Promise<boolean> {
  const response = await fetch(`${url}/xrpc/com.atproto.server.createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: handle, password }),
  })
  const session = (await response.json()) as { did?: string }
  const commit = await ask(url, `sync.getLatestCommit?did=${did}`)
  return response.ok && session.did === did && commit !== undefined
}

async function hasBlob(url: string, blob: Acknowledged['blobs'][number]): Promise<boolean> {
  const found = await ask(url, `sync.getBlob?did=${blob.did}&cid=${blob.cid}`)
  return found !== undefined && Buffer.from(found).equals(blob.bytes)
}

async function ask(url: string, call: string): Promise<Uint8Array | undefined> {
  const response = await fetch(`${url}/xrpc/com.atproto.${call}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return response.ok ? bytes : undefined
}

async function countEvents(
  subscriber: ReconnectingSubscriber,
  acknowledged: Acknowledged,
): Promise<Pick<Judgement, 'frames' | 'commits'>> {
  const { frames } = acknowledged
  const commits = commitsOf(acknowledged)
  const count = () => {
    const bytes = new Map(subscriber.events.map((event) => [event.seq, event.bytes]))
    const lost = frames.map(
      (frame) => !Buffer.from(frame.bytes).equals(bytes.get(frame.seq) ?? none),
    )
    const heard = subscriber.commits()
    return { frames: countOf(lost), commits: countOf(commits.map((cid) => !heard.has(cid))) }
  }
  return pollUntilSilent(subscriber, count)
}

/** Until nothing is missing any more, or no more events arrive. */
async function pollUntilSilent(
  subscriber: ReconnectingSubscriber,
  count: () => Pick<Judgement, 'frames' | 'commits'>,
): Promise<Pick<Judgement, 'frames' | 'commits'>> {
  const end = performance.now() + WAIT_MS
  let received = -1
  let silentSince = performance.now()
  for (;;) {
    if (subscriber.events.length !== received) {
      received = subscriber.events.length
      silentSince = performance.now()
      const counted = count()
      if (counted.frames.lost + counted.commits.lost === 0) return counted
    }
    const now = performance.now()
    if (now > end || now - silentSince > SILENCE_MS) return count()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
