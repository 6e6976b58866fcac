/** An import whose file has arrived, in memory, with a log of what preparing it does. */
import { encode } from '@atproto/lex-cbor'
import { OpenImport } from '#src/account/open-import.ts'
import { prepareImport } from '#src/account/repo/prepare-import.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { Range } from '#src/ports/spool.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { nodeBlock, signCommit } from '#src/protocol/commit.ts'
import { buildTree, cidOf } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'
import { openTestAccount, testDid, testImportLimits } from '#tests/support/open-account.ts'

export const { key: signer } = newSigningKey()
const keys = [signer.did()]
export const emptyRecord: Block = [cidForCbor(encode({})), encode({})]
export const pathOf = (n: number) => `a.b.c/${10_000 + n}`

/** A repo that has the records at these paths; all may be one block. */
export function repoOf(
  records: readonly (readonly [path: string, record: Block])[],
  rev = '3kaaaaaaaaa22',
) {
  const tree = buildTree(
    records.map(([path]) => path),
    records.map(([, [cid]]) => cid),
  )
  const { cid, block } = signCommit(testDid, rev, cidOf(tree), signer)
  const nodes = [...walk(tree)].flatMap((step) => (step.node ? [nodeBlock(step.node)] : []))
  const commit: Block = [cid, block]
  const blocks = [commit, ...nodes, ...new Map(records.map(([, block]) => block))]
  return { root: cid, commit, nodes, blocks, car: carFile(cid, blocks) }
}

export const sameRecords = (count: number) =>
  repoOf(Array.from({ length: count }, (_, n) => [pathOf(n), emptyRecord]))

interface Input {
  car: Uint8Array
  maxRecords?: number
  onCreate?: () => void
  onStage?: () => Promise<void>
  onRead?: (ranges: readonly Range[]) => void
}

/** An account with this file, and a log of what is done: `read` with ranges, `stage` with rows, `create`, `go on`. */
export async function openPreparing({ car, maxRecords = 1e6, onCreate, onStage, onRead }: Input) {
  const log: [what: string, ...unknown[]][] = []
  let isOpen = false
  const account = await openTestAccount({
    importLimits: testImportLimits({ maxRecords }),
    onBatch: async (when, [first]) => {
      if (!isOpen || when === 'after') return
      if (first?.sql.includes('import_record (')) {
        log.push(['stage', JSON.parse(String(first.params?.[2])).length])
        await onStage?.()
      } else {
        log.push(['create'])
        onCreate?.()
      }
    },
  })
  const file = {
    size: car.length,
    append: async () => {},
    close: async () => {},
    read: async (ranges: readonly Range[]) => {
      log.push(['read', ...ranges.map(({ at, length }) => [at, length])])
      onRead?.(ranges)
      return ranges.map(({ at, length }) => car.subarray(at, at + length))
    },
  }
  const head = await account.lane.head()
  isOpen = true
  const prepare = () =>
    prepareImport(account, new OpenImport('', head, file), keys, () => void log.push(['go on']))
  const staged = () => account.sql.all('SELECT path, cid, rev FROM import_record')
  return { account, head, log, prepare, staged }
}
