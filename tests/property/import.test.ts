/** importRepo under CAR files that were changed on the way: the repo becomes what was signed, or stays what it was. */
import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecord } from '#src/account/repo/write.ts'
import { XrpcError } from '#src/errors.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { dumpTables, exportedCar, foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const { key } = newSigningKey()
const keys = [key.did()]

const repos = fc
  .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 })
  .map((numbers) => numbers.map((n) => [`${collection}/k${n}`, { $type: collection, n }] as const))
  .map((entries) =>
    foreignRepo({ did: testDid, signer: key, records: Object.fromEntries(entries) }),
  )

/** Places are parts of the whole, so that they fit files of any size. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const mutations = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: place,
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({ kind: fc.constant('insert' as const), at: place, byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('remove' as const), at: place }),
  fc.record({ kind: fc.constant('drop' as const), at: place }),
  fc.record({ kind: fc.constant('repeat' as const), at: place }),
  fc.record({ kind: fc.constant('swap' as const), at: place, with: place }),
  fc.record({ kind: fc.constant('root' as const), at: place }),
)
type Mutation = typeof mutations extends fc.Arbitrary<infer M> ? M : never

function mutate(repo: ReturnType<typeof foreignRepo>, mutation: Mutation): Uint8Array {
  const { car, root } = repo
  const blocks: Block[] = [repo.commit, ...repo.nodes, ...repo.records]
  const at = Math.floor(mutation.at * car.length)
  const i = Math.floor(mutation.at * blocks.length)
  if (car.length === 0) return car
  switch (mutation.kind) {
    case 'flip':
      return car.with(at, car[at]! ^ mutation.bits)
    case 'cut':
      return car.subarray(0, at)
    case 'insert':
      return Uint8Array.of(...car.subarray(0, at), mutation.byte, ...car.subarray(at))
    case 'remove':
      return Uint8Array.of(...car.subarray(0, at), ...car.subarray(at + 1))
    case 'drop':
      return carFile(root, blocks.toSpliced(i, 1))
    case 'repeat':
      return carFile(root, [...blocks, blocks[i]!])
    case 'swap': {
      const j = Math.floor(mutation.with * blocks.length)
      return carFile(root, blocks.with(i, blocks[j]!).with(j, blocks[i]!))
    }
    case 'root':
      return carFile(blocks[i]![0], blocks)
  }
}

async function recordsOf(account: OpenAccount): Promise<string[]> {
  const { blocks, root } = await readCarWithRoot(await exportedCar(account))
  const { creates } = await verifyRepo(blocks, root, testDid, testKey.did())
  return creates.map(({ cid }) => cid.toString()).sort()
}

test('whatever is done to the file, the repo is the one that was signed or the one that was there', async () => {
  let taken = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(
      repos,
      fc.array(mutations, { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 50, max: 5_000 }),
      async (repo, [first, second], piece) => {
        const account = await openTestAccount()
        await createRecord(account, { collection, rkey: 'mine', record: { $type: collection } })
        const before = await dumpTables(account)
        let car = mutate(repo, first!)
        if (second?.kind === 'cut' || second?.kind === 'flip') {
          car = mutate({ ...repo, car }, second)
        }
        try {
          await importCar(account, car, { keys, piece })
        } catch (error) {
          refused++
          expect(error).toBeInstanceOf(XrpcError)
          expect((error as XrpcError).status).toBe(400)
          expect(await dumpTables(account)).toBe(before)
          return
        }
        taken++
        expect(await recordsOf(account)).toEqual(repo.records.map(([cid]) => cid).sort())
      },
    ),
    { numRuns: 250 },
  )
  expect(taken).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
