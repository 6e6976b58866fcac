/** Files that are no import are refused before anything is staged. */
import { encode } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import { type Block, carFile, carHeader } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { nodeBlock, signCommit } from '#src/protocol/commit.ts'
import { buildTree, cidOf } from '#src/protocol/tree.ts'
import {
  emptyRecord,
  openPreparing,
  repoOf,
  sameRecords,
  signer,
} from '#tests/support/preparing-import.ts'

const refused = (message: string | RegExp) => ({
  status: 400,
  message: expect.stringMatching(message),
})

describe('what is no import', () => {
  const { root, blocks, nodes, commit, car } = sameRecords(2)
  it.each<[string, Uint8Array, RegExp]>([
    ['without a root', carFile(null, blocks), /expected one root/],
    ['without its commit', carFile(root, blocks.slice(1)), /its commit is missing/],
    ['if its root is of another kind', foreignRoot(), /its commit is missing/],
    ['if it is cut within a block that is not used', stray().subarray(0, -1), /truncated/],
    ['if it is empty', new Uint8Array(), /truncated/],
    ['if its commit is of another account', foreignCommit(), /it belongs to did:plc:other/],
    ['if a record is none', notARecord(), /the block of a\.b\.c\/d is not a record/],
  ])('a file is no import %s', async (_, bad, message) => {
    const { prepare, log } = await openPreparing({ car: bad })
    await expect(prepare()).rejects.toMatchObject(refused(message))
    expect(log.map(([what]) => what)).not.toContain('stage')
  })

  it('a file is no import if it has more than two blocks for each record that an account may have', async () => {
    const strays = Array.from({ length: 5 }, (_, n): Block => {
      const bytes = encode({ n })
      return [cidForCbor(bytes), bytes]
    })
    const all = [commit, ...nodes, emptyRecord, ...strays]
    const fits = carFile(root, [...all.slice(0, 6), ...all.slice(0, 6)])
    await (await openPreparing({ car: fits, maxRecords: 3 })).prepare()
    const { prepare, log } = await openPreparing({
      car: carFile(root, all.slice(0, 7)),
      maxRecords: 3,
    })
    await expect(prepare()).rejects.toMatchObject(refused('more than 6 blocks'))
    expect(log.filter(([what]) => what === 'read')).toHaveLength(1)
  })

  function stray(): Uint8Array {
    return carFile(root, [...blocks, [cidForRaw(Uint8Array.of(1, 2)), Uint8Array.of(1, 2)]])
  }

  function foreignRoot(): Uint8Array {
    const header = Buffer.from(carHeader([root]))
    const codec = header.indexOf(Uint8Array.of(1, 0x71, 0x12, 32)) + 1
    header[codec] = 0x70
    return Buffer.concat([header, car.subarray(header.length)])
  }

  function foreignCommit(): Uint8Array {
    const { cid, block } = signCommit(
      'did:plc:other',
      '3kaaaaaaaaa22',
      cidOf(buildTree([], [])),
      signer,
    )
    return carFile(cid, [[cid, block], nodeBlock(buildTree([], []))])
  }

  function notARecord(): Uint8Array {
    const bytes = encode([1])
    return repoOf([['a.b.c/d', [cidForCbor(bytes), bytes]]]).car
  }
})
