/** Repos built outside the server, as CAR files, valid or broken as a test needs them. */
import { encode } from '@atproto/lex-cbor'
import type { LexMap } from '@atproto/lex-data'
import type { Account } from '#src/account/account.ts'
import { openExportAt } from '#src/account/history/export.ts'
import { openExport, readExport } from '#src/account/repo/export.ts'
import { abortImport, addImportPage, beginImport, finishImport } from '#src/account/repo/import.ts'
import { importRepo } from '#src/gateway/methods/import-repo.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { nodeBlock, type Signer, signCommit } from '#src/protocol/commit.ts'
import { buildTree, cidOf, type TreeNode } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'

export interface ForeignRepo {
  /** The CID of the commit, which is the root of the CAR. */
  root: string
  rev: string
  commit: Block
  nodes: Block[]
  records: Block[]
  car: Uint8Array
}

/** A signed repo of these records, by path. */
export function foreignRepo(input: {
  did: string
  signer: Signer
  records: Readonly<Record<string, LexMap>>
  rev?: string
}): ForeignRepo {
  const { did, signer, rev = '3kaaaaaaaaa22' } = input
  const paths = Object.keys(input.records).sort()
  const blocks = paths.map((path): Block => {
    const bytes = encode(input.records[path]!)
    return [cidForCbor(bytes), bytes]
  })
  const tree = buildTree(
    paths,
    blocks.map(([cid]) => cid),
  )
  const { cid, block } = signCommit(did, rev, cidOf(tree), signer)
  const nodes = [...walk(tree)].flatMap((step) => (step.node ? [nodeBlock(step.node)] : []))
  const commit: Block = [cid, block]
  const car = carFile(cid, [commit, ...nodes, ...blocks])
  return { root: cid, rev, commit, nodes, records: blocks, car }
}

/** A repo whose tree does not match its records. */
export function repoOfTree(input: {
  did: string
  signer: Signer
  tree: TreeNode
  records: Block[]
}): Uint8Array {
  const { cid, block } = signCommit(input.did, '3kaaaaaaaaa22', cidOf(input.tree), input.signer)
  const nodes = [...walk(input.tree)].flatMap((step) => (step.node ? [nodeBlock(step.node)] : []))
  return carFile(cid, [[cid, block], ...nodes, ...input.records])
}

/** Imports as the gateway does, in pieces of this many bytes. */
export async function importCar(
  account: Account,
  car: Uint8Array,
  { keys, piece = 100_000 }: { keys: readonly string[]; piece?: number },
): Promise<void> {
  async function* pieces() {
    for (let at = 0; at < car.length; at += piece) yield car.subarray(at, at + piece)
  }
  const calls = {
    begin: () => beginImport(account),
    addPage: (input: Parameters<typeof addImportPage>[1]) => addImportPage(account, input),
    finish: (input: Parameters<typeof finishImport>[1]) => finishImport(account, input),
    abort: (input: { id: string }) => abortImport(account, input),
  }
  const body = { type: 'application/vnd.ipld.car', length: car.length, bytes: pieces() }
  await importRepo(calls, body, keys)
}

/** The whole repo, as getRepo sends it. */
export async function exportedCar(account: Account): Promise<Uint8Array> {
  return readCar(account, await openExport(account, {}, 'self'))
}

/** The repo as it was, as the history sends it to the account itself. */
export async function exportedCarAt(account: Account, at: string): Promise<Uint8Array> {
  return readCar(account, await openExportAt(account, { by: { did: account.did }, at }))
}

async function readCar(account: Account, { id }: { id: string }): Promise<Uint8Array> {
  const pages: Uint8Array[] = []
  for (let done = false; !done; ) {
    const page = await readExport(account, { id, n: pages.length })
    pages.push(page.bytes)
    done = page.done
  }
  return Buffer.concat(pages)
}

/** Every row of every table, to see that nothing changed. */
export async function dumpTables({ sql }: Account): Promise<string> {
  const tables = await sql.all<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name",
  )
  const rows: unknown[] = []
  for (const { name, sql: made } of tables) {
    rows.push([name, made, await sql.all(`SELECT * FROM ${name} ORDER BY 1, 2`)])
  }
  return JSON.stringify(rows)
}
