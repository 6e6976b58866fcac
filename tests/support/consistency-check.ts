/** Checks what a server made of a write load: its firehose, repos and answers, with code that is not ours. */
import { fromUint8Array } from '@atcute/repo'
import { type DidDocument, getKey } from '@atproto/identity'
import { decode } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'
import {
  type BlockMap,
  type Commit,
  MemoryBlockstore,
  MST,
  readCarWithRoot,
  verifyCommitSig,
  verifyRepoCar,
} from '@atproto/repo'
import { expect } from 'vitest'
import { pollUntil } from '#tests/support/processes.ts'
import {
  type EventBody,
  type ReceivedEvent,
  ReconnectingSubscriber,
} from '#tests/support/reconnecting-subscriber.ts'
import type { Attempt } from '#tests/support/write-load.ts'

export interface ConsistencyReport {
  acknowledged: number
  /** Writes without a success response that are in the repo nevertheless, each as a whole. */
  unacknowledgedPresent: number
  unacknowledgedAbsent: number
  events: number
  records: number
}

/** The history of one account according to its events. */
interface History {
  commit: string
  rev: string
  /** Root CID of the tree. */
  data: string
  /** The records that must be in the repo: CID by path. */
  records: Map<string, string>
}

/**
 * Expects that every acknowledged write is in its repo and exactly once on the firehose, that every other write is
 * there as a whole or not at all, that the log and the commit chain of each repo have no gaps, and that each event can
 * be inverted.
 */
export async function checkConsistency(
  url: string,
  { attempts, received }: { attempts: readonly Attempt[]; received: readonly ReceivedEvent[] },
): Promise<ConsistencyReport> {
  await expectLog(url, received)
  const ledger = new AttemptLedger(attempts)
  let records = 0
  for (const [did, events] of Map.groupBy(received, (event) => event.did)) {
    const key = await signingKeyOf(url, did)
    const history = await checkCommitChain(did, key, events, ledger)
    await expectRepo(url, did, key, history)
    ledger.expectOutcome(did, history.records)
    records += history.records.size
  }
  ledger.expectComplete()
  return { ...ledger.tally(), events: received.length, records }
}

/**
 * Reading the log from its beginning returns byte for byte what the subscriber received live, with rising seqs.
 */
async function expectLog(url: string, events: readonly ReceivedEvent[]): Promise<void> {
  const again = new ReconnectingSubscriber(url)
  await pollUntil(async () => again.events.length >= events.length, 60_000)
  again.close()
  expect(again.otherMessages).toEqual([])
  expect(again.events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq))
  const changed = events.filter(
    ({ bytes }, i) => !Buffer.from(bytes).equals(again.events[i]!.bytes),
  )
  expect(changed.map(({ seq }) => seq)).toEqual([])
  const falling = events.filter(({ seq }, i) => i > 0 && seq <= events[i - 1]!.seq)
  expect(falling.map(({ seq }) => seq)).toEqual([])
}

async function checkCommitChain(
  did: string,
  key: string,
  events: readonly ReceivedEvent[],
  ledger: AttemptLedger,
): Promise<History> {
  const beginning = ['#identity', '#account', '#commit', '#sync']
  const rest = events.slice(4).map(() => '#commit')
  expect(events.map(({ kind }) => kind)).toEqual([...beginning, ...rest])
  const records = new Map<string, string>()
  let last: Omit<History, 'records'> | undefined
  for (const { body } of events.filter(({ kind }) => kind === '#commit')) {
    const { root, blocks } = await readCarWithRoot(body.blocks)
    const commit = decode(blocks.get(root)!) as unknown as Commit
    const said = { did, rev: body.rev, root: String(body.commit) }
    expect({ did: commit.did, rev: commit.rev, root: String(root) }).toEqual(said)
    expect(await verifyCommitSig(commit, key)).toBe(true)
    expect(body.since).toBe(last?.rev ?? null)
    expect(body.prevData?.toString()).toBe(last?.data)
    if (last !== undefined) {
      expect(body.rev > last.rev).toBe(true)
      await expectInverts(body, commit.data, blocks)
      ledger.match(did, body, blocks)
    }
    apply(body, records)
    last = { commit: String(root), rev: body.rev, data: String(commit.data) }
  }
  return { ...last!, records }
}

/** Undoing an event's operations on its tree gives the tree before. */
async function expectInverts(body: EventBody, data: Cid, blocks: BlockMap): Promise<void> {
  let tree = MST.load(new MemoryBlockstore(blocks), data)
  for (const op of body.ops.toReversed()) {
    if (op.action === 'create') tree = await tree.delete(op.path)
    else if (op.action === 'update') tree = await tree.update(op.path, op.prev!)
    else tree = await tree.add(op.path, op.prev!)
  }
  expect(String(await tree.getPointer())).toBe(String(body.prevData))
}

function apply({ ops }: EventBody, records: Map<string, string>): void {
  for (const { action, path, cid, prev } of ops) {
    expect({ path, before: records.get(path) }).toEqual({ path, before: prev?.toString() })
    if (action === 'delete') records.delete(path)
    else records.set(path, String(cid))
  }
}

/** getLatestCommit and getRepo agree with the firehose. */
async function expectRepo(url: string, did: string, key: string, history: History): Promise<void> {
  const latest = await ask(url, 'com.atproto.sync.getLatestCommit', did)
  expect(await latest.json()).toEqual({ cid: history.commit, rev: history.rev })
  const answer = await ask(url, 'com.atproto.sync.getRepo', did)
  const car = new Uint8Array(await answer.arrayBuffer())
  const verified = await verifyRepoCar(car, did, key)
  expect(String(verified.commit.cid)).toBe(history.commit)
  const found = verified.creates.map(({ collection, rkey, cid }) => [
    `${collection}/${rkey}`,
    String(cid),
  ])
  expect(new Map(found as [string, string][])).toEqual(history.records)
  const read = [...fromUint8Array(car)].map(({ collection, rkey, cid }) => [
    `${collection}/${rkey}`,
    cid.$link,
  ])
  expect(new Map(read as [string, string][])).toEqual(history.records)
}

async function signingKeyOf(url: string, did: string): Promise<string> {
  const answer = await ask(url, 'com.atproto.repo.describeRepo', did, 'repo')
  const { didDoc } = (await answer.json()) as { didDoc: DidDocument }
  return getKey(didDoc)!
}

async function ask(url: string, nsid: string, did: string, name = 'did'): Promise<Response> {
  const answer = await fetch(`${url}/xrpc/${nsid}?${name}=${did}`, {
    signal: AbortSignal.timeout(60_000),
  })
  if (!answer.ok) throw new Error(`${nsid}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Every attempt of the load, with the one event that it caused, if any. */
class AttemptLedger {
  readonly #attempts: readonly Attempt[]
  readonly #byMark = new Map<string, Attempt>()
  readonly #byDeath = new Map<string, Attempt>()
  readonly #events = new Map<Attempt, EventBody>()

  constructor(attempts: readonly Attempt[]) {
    this.#attempts = attempts
    for (const attempt of attempts) {
      for (const { text, path } of attempt.ops) {
        if (text !== undefined) this.#byMark.set(text, attempt)
        else this.#byDeath.set(`${attempt.did}/${path}`, attempt)
      }
    }
  }

  /**
   * Finds the attempt of an event. The event must have all of its operations and no others, and be its only event.
   */
  match(did: string, body: EventBody, blocks: BlockMap): void {
    const ops = body.ops.map(({ action, path, cid }) => {
      const record = cid === null ? undefined : (decode(blocks.get(cid)!) as { text: string })
      return { action, path, mark: record?.text, cid: cid?.toString() }
    })
    const [first] = ops
    const attempt = first?.mark
      ? this.#byMark.get(first.mark)
      : this.#byDeath.get(`${did}/${first?.path}`)
    if (attempt === undefined) throw new Error(`no attempt for ${JSON.stringify(ops)}`)
    expect(this.#events.get(attempt)?.rev, 'one write, two events').toBe(undefined)
    expect(attempt.did).toBe(did)
    expect(ops).toEqual(
      attempt.ops.map(({ action, path, text, cid }, i) => ({
        action,
        path: path ?? ops[i]?.path,
        mark: text,
        cid: cid ?? ops[i]?.cid,
      })),
    )
    if (attempt.commit) expect(attempt.commit).toEqual({ cid: String(body.commit), rev: body.rev })
    this.#events.set(attempt, body)
  }

  /** Each path has the record that was acknowledged last. */
  expectOutcome(did: string, records: ReadonlyMap<string, string>): void {
    const last = new Map<string, string | undefined | 'unknown'>()
    for (const { status, ops } of this.#attempts.filter((attempt) => attempt.did === did)) {
      for (const { path, cid } of ops) {
        if (path !== undefined) last.set(path, status === 200 ? cid : 'unknown')
      }
    }
    const wrong = [...last].filter(([path, cid]) => cid !== 'unknown' && records.get(path) !== cid)
    expect(wrong).toEqual([])
  }

  /** Every acknowledged write has its event. */
  expectComplete(): void {
    const done = this.#attempts.filter(({ status }) => status === 200)
    expect(done.filter((attempt) => !this.#events.has(attempt))).toEqual([])
  }

  tally(): { acknowledged: number; unacknowledgedPresent: number; unacknowledgedAbsent: number } {
    const acknowledged = this.#attempts.filter(({ status }) => status === 200).length
    const unacknowledgedPresent = this.#events.size - acknowledged
    return {
      acknowledged,
      unacknowledgedPresent,
      unacknowledgedAbsent: this.#attempts.length - this.#events.size,
    }
  }
}
