/** Describes a CAR by its roots and the number of blocks of each kind, whatever their order. */
import { CarReader } from '@ipld/car'
import { decode } from '@ipld/dag-cbor'

/**
 * Such as `<car: 1 roots, 1 of them inside; 1 commit, nodes, 2 record>`. Nodes are not counted: their number depends on
 * the keys.
 */
export async function describeCar(bytes: Uint8Array): Promise<string> {
  const reader = await CarReader.fromBytes(bytes).catch(() => undefined)
  if (reader === undefined) return '<a broken car>'
  const kinds = new Map<string, number>()
  const seen = new Set<string>()
  for await (const { cid, bytes } of reader.blocks()) {
    if (seen.has(String(cid))) continue
    seen.add(String(cid))
    const kind = kindOf(decode(bytes))
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  const roots = await reader.getRoots()
  const known = roots.filter((root) => seen.has(String(root))).length
  const blocks = [...kinds].sort().map(([kind, n]) => (kind === 'node' ? 'nodes' : `${n} ${kind}`))
  return `<car: ${roots.length} roots, ${known} of them inside; ${blocks.join(', ')}>`
}

function kindOf(block: unknown): string {
  if (block === null || typeof block !== 'object') return 'other'
  if ('sig' in block && 'data' in block) return 'commit'
  if ('e' in block && 'l' in block) return 'node'
  return 'record'
}
