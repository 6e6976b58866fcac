/** The commit path against a model: what is stored, what the tree says, and what consumers can make of each event. */

import { verifySignature } from '@atproto/crypto'
import { parseCid } from '@atproto/lex-data'
import { BlockMap, MemoryBlockstore, MST } from '@atproto/repo'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { loadHead } from '#src/account/head.ts'
import type { OutboxRow } from '#src/account/outbox.ts'
import {
  applyWrites,
  createRecord,
  deleteRecord,
  putRecord,
  type Write,
} from '#src/account/repo/write.ts'
import { XrpcError } from '#src/errors.ts'
import { frame } from '#src/protocol/frames.ts'
import { buildTree, cidOf, emptyTree } from '#src/protocol/tree.ts'
import { openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const rkey = fc.integer({ min: 0, max: 30 }).map((n) => `k${n}`)
const single = fc.record({
  verb: fc.constantFrom('create', 'put', 'delete'),
  rkey,
  n: fc.integer({ min: 0, max: 3 }),
})
const batch = fc.record({ verb: fc.constant('apply'), many: fc.array(single, { maxLength: 6 }) })
const steps = fc.array(
  fc.oneof({ weight: 3, arbitrary: single }, { weight: 1, arbitrary: batch }),
  { maxLength: 40 },
)
type Step = {
  verb: string
  rkey?: string
  n?: number
  many?: { verb: string; rkey: string; n: number }[]
}

async function run(account: Account, step: Step): Promise<void> {
  const record = { $type: collection, n: step.n }
  const rkey = step.rkey!
  if (step.verb === 'create') await createRecord(account, { collection, rkey, record })
  if (step.verb === 'put') await putRecord(account, { collection, rkey, record })
  if (step.verb === 'delete') await deleteRecord(account, { collection, rkey })
  if (step.verb === 'apply') await applyWrites(account, { writes: step.many!.map(toWrite) })
}

function toWrite({ verb, rkey, n }: { verb: string; rkey: string; n: number }): Write {
  const value = { $type: collection, n }
  if (verb === 'delete') return { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey }
  if (verb === 'put')
    return { $type: 'com.atproto.repo.applyWrites#update', collection, rkey, value }
  return { $type: 'com.atproto.repo.applyWrites#create', collection, rkey, value }
}

test('any writes, one by one or at once, leave a tree built from the records, and events that chain and invert', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (all, atOnce) => {
      const account = await openTestAccount()
      const outcome = async (step: Step) => run(account, step).catch(expectXrpcError)
      if (atOnce) await Promise.all(all.map(outcome))
      else for (const step of all) await outcome(step)
      await account.outbox.settled()
      await expectConsistent(account)
      await expectEventsInvert(account, account.delivered)
    }),
    { numRuns: 60 },
  )
})

test('a transaction that fails, before or after it was kept, loses no acknowledged write and forks nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.constantFrom('before', 'after', 'no'), { maxLength: 20 }),
      async (all, faults) => {
        let armed = false
        const account = await openTestAccount({
          onBatch: async (when) => {
            await Promise.resolve()
            if (armed && faults.length > 0 && (when === 'after' || faults[0] === 'before')) {
              if (faults.shift() === when) throw new Error('the engine is away')
            }
          },
        })
        armed = true
        const acknowledged: string[] = []
        await Promise.all(
          all.map(async (_, i) => {
            const made = await createRecord(account, {
              collection,
              rkey: `r${i}`,
              record: { $type: collection, i },
            }).catch(() => null)
            if (made !== null) acknowledged.push(made.cid)
          }),
        )
        armed = false
        await createRecord(account, { collection, rkey: 'last', record: { $type: collection } })
        await account.outbox.settled()
        const rows = await account.sql.all<{ cid: string }>('SELECT cid FROM record')
        expect(rows.map(({ cid }) => cid)).toEqual(expect.arrayContaining(acknowledged))
        await expectConsistent(account)
        await expectEventsInvert(account, account.delivered)
      },
    ),
    { numRuns: 60 },
  )
})

function expectXrpcError(error: unknown): void {
  expect(error).toBeInstanceOf(XrpcError)
}

async function expectConsistent(account: Account): Promise<void> {
  const rows = await account.sql.all<{ path: string; cid: string }>(
    'SELECT path, cid FROM record ORDER BY path',
  )
  const head = await loadHead(account.sql)
  const fresh = buildTree(
    rows.map(({ path }) => path),
    rows.map(({ cid }) => cid),
  )
  expect(head?.data).toBe(cidOf(fresh))
  expect(cidOf((await account.lane.head()).tree)).toBe(head?.data)
}

interface Body {
  seq: number
  repo: string
  rev: string
  since: string
  commit: { toString(): string }
  prevData: { toString(): string }
  blocks: Uint8Array
  ops: {
    action: string
    path: string
    cid: { toString(): string } | null
    prev?: { toString(): string }
  }[]
}

/** Reads each event with other people's code, undoes its operations on the tree it shows, and expects the tree before. */
async function expectEventsInvert(account: Account, rows: readonly OutboxRow[]): Promise<void> {
  const inOrder = [...new Map(rows.map((row) => [row.id, row])).values()]
  for (const [i, { id }] of inOrder.entries())
    if (i > 0) expect(id).toBeGreaterThan(inOrder[i - 1]!.id)
  let before: Body | null = null
  for (const [i, row] of inOrder.entries()) {
    const bytes = frame(row.kind, row.event, row.seqAt, 2 ** 40 + i)
    const rest = bodyOf(bytes)
    const body = dagCbor.decode<Body>(rest)
    expect(body.seq).toBe(2 ** 40 + i)
    expect(body.repo).toBe(testDid)
    const car = await CarReader.fromBytes(body.blocks)
    expect(String((await car.getRoots())[0])).toBe(String(body.commit))
    const blocks = new BlockMap()
    for await (const { cid, bytes } of car.blocks()) blocks.set(parseCid(cid.toString()), bytes)
    const commit = dagCbor.decode<{ data: unknown; rev: string; sig: Uint8Array }>(
      blocks.get(parseCid(String(body.commit)))!,
    )
    const { sig, ...unsigned } = commit
    expect(await verifySignature(testKey.did(), dagCbor.encode(unsigned), sig)).toBe(true)
    await expectInverts(body, String(commit.data), blocks)
    if (before === null) expect(String(body.prevData)).toBe(cidOf(emptyTree))
    else {
      expect(body.since).toBe(before.rev)
      expect(body.rev > before.rev).toBe(true)
    }
    before = body
  }
  const head = await account.lane.head()
  expect(inOrder.at(-1)?.id ?? 0).toBe(head.outboxId)
  if (before !== null) expect(before.rev).toBe(head.rev)
}

async function expectInverts(body: Body, data: string, blocks: BlockMap): Promise<void> {
  let tree = MST.load(new MemoryBlockstore(blocks), parseCid(data))
  for (const op of [...body.ops].reverse()) {
    if (op.action === 'create') tree = await tree.delete(op.path)
    else if (op.action === 'update') tree = await tree.update(op.path, parseCid(String(op.prev)))
    else tree = await tree.add(op.path, parseCid(String(op.prev)))
  }
  expect(String(await tree.getPointer())).toBe(String(body.prevData))
}

/** Header and body stand behind one another; the header of a #commit is a map of two short texts and an integer. */
function bodyOf(bytes: Uint8Array): Uint8Array {
  const header = dagCbor.encode({ t: '#commit', op: 1 })
  expect(bytes.subarray(0, header.length)).toEqual(header)
  return bytes.subarray(header.length)
}
