/** What importRepo may use: records, blocks, files at once and their size, and imports that are verified at once. */
import { cborEncode } from '@atproto/lex-cbor'
import { expect, it } from 'vitest'
import { abortImport, addImportPage, beginImport, finishImport } from '#src/account/repo/import.ts'
import { listRecords } from '#src/account/repo/read.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { openTestAccount, testDid, testImportLimits } from '#tests/support/open-account.ts'
import { dumpTables, foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const { key: signer } = newSigningKey()
const keys = [signer.did()]
const repoOf = (count: number, value = (n: number): object => ({ n })) => {
  const records = Array.from({ length: count }, (_, n) => {
    return [`${collection}/k${n}`, { $type: collection, ...value(n) }] as const
  })
  return foreignRepo({ did: testDid, signer, records: Object.fromEntries(records) })
}
const repo = repoOf(20)
const blocks = [repo.commit, ...repo.nodes, ...repo.records]
const refused = (status: number, message: RegExp) => ({
  status,
  message: expect.stringMatching(message),
})

const tooMany: [string, Uint8Array, RegExp][] = [
  ['records', repoOf(21).car, /more than 20 records/],
  ['paths of one record', repoOf(21, () => ({})).car, /more than 20 records/],
  [
    'blocks that nothing names',
    carFile(repo.root, [
      ...blocks,
      ...Array.from({ length: 41 - blocks.length }, (_, stray): Block => {
        const bytes = cborEncode({ stray })
        return [cidForCbor(bytes), bytes]
      }),
    ]),
    /more than 40 blocks/,
  ],
]

it.each(tooMany)('importRepo refuses a repo with too many %s', async (_, car, message) => {
  const account = await openTestAccount({ importLimits: testImportLimits({ maxRecords: 20 }) })
  await importCar(account, repo.car, { keys })
  const before = await dumpTables(account)
  await expect(importCar(account, car, { keys })).rejects.toMatchObject(refused(400, message))
  expect(await dumpTables(account)).toBe(before)
})

it('importRepo does not count blocks that are there twice, or that no repo has', async () => {
  const account = await openTestAccount({ importLimits: testImportLimits({ maxRecords: 20 }) })
  const large = new Uint8Array(2_097_153)
  const strays = Array.from({ length: 20 }, (): Block => [cidForRaw(large), large])
  const car = carFile(repo.root, [...blocks, ...blocks, ...strays])
  await importCar(account, car, { keys })
  const { json } = await listRecords(account, { collection, limit: 100 })
  expect(JSON.parse(json).records).toHaveLength(20)
})

it('importRepo waits with 503 if too many imports are open, until one of them ends', async () => {
  const importLimits = testImportLimits({ maxFiles: 2 })
  const account = () => openTestAccount({ importLimits })
  const [first, second, third] = [await account(), await account(), await account()]
  const { id } = await beginImport(first)
  await beginImport(second)
  await expect(beginImport(third)).rejects.toMatchObject(refused(503, /Too many imports/))
  await abortImport(first, { id })
  await importCar(third, repo.car, { keys })
  await importCar(third, repo.car, { keys })
})

it('importRepo is refused with 503 if the files of all imports are too large, until one of them ends', async () => {
  const importLimits = testImportLimits({ maxBytes: repo.car.length + 10 })
  const [first, second] = [
    await openTestAccount({ importLimits }),
    await openTestAccount({ importLimits }),
  ]
  const { id } = await beginImport(first)
  await addImportPage(first, { id, n: 0, bytes: new Uint8Array(11) })
  await expect(importCar(second, repo.car, { keys })).rejects.toMatchObject(refused(503, /room/))
  await abortImport(first, { id })
  await importCar(second, repo.car, { keys })
})

it('an import that goes on no more gives up its place', async () => {
  const timers: (() => void)[] = []
  const timer = (_: number, run: () => void) => {
    timers.push(run)
    return () => {}
  }
  const importLimits = testImportLimits({ maxFiles: 1, timer })
  const [first, second] = [
    await openTestAccount({ importLimits }),
    await openTestAccount({ importLimits }),
  ]
  const { id } = await beginImport(first)
  timers[0]!()
  const page = addImportPage(first, { id, n: 0, bytes: repo.car })
  await expect(page).rejects.toMatchObject(refused(503, /interrupted/))
  await importCar(second, repo.car, { keys })
})

it('importRepo verifies few repos at once, and the others in the order in which they came', async () => {
  const importLimits = testImportLimits({ slots: 1 })
  const order: string[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const begun = async (name: string) => {
    const account = await openTestAccount({
      importLimits,
      onBatch: async (when, statements) => {
        if (when === 'after' || !statements[0]?.sql.startsWith('DROP')) return
        order.push(name)
        if (name === 'first') await held
      },
    })
    const { id } = await beginImport(account)
    await addImportPage(account, { id, n: 0, bytes: repo.car })
    return { account, id, finish: () => finishImport(account, { id, keys }) }
  }
  const [first, second, third] = [await begun('first'), await begun('second'), await begun('third')]
  const finished = [first.finish(), second.finish(), third.finish()]
  await expect.poll(() => order).toEqual(['first'])
  const interrupted = expect(finished[1]).rejects.toMatchObject(refused(503, /interrupted/))
  await abortImport(second.account, { id: second.id })
  order.length = 1
  release()
  await interrupted
  expect(await finished[0]).toEqual({ done: true })
  expect(await finished[2]).toEqual({ done: true })
  expect(new Set(order)).toEqual(new Set(['first', 'third']))
})

it('finishImport answers in time, and is repeated until the repo is there', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const timers: { ms: number; run: () => void; isCancelled: boolean }[] = []
  const account = await openTestAccount({
    timer: (ms, run) => {
      const timer = { ms, run, isCancelled: false }
      timers.push(timer)
      return () => {
        timer.isCancelled = true
      }
    },
    onBatch: (_, statements) => (statements[0]?.sql.startsWith('DROP') ? held : undefined),
  })
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: repo.car })
  const finishing = finishImport(account, { id, keys })
  await expect.poll(() => timers.length).toBe(1)
  expect(timers[0]!.ms).toBe(5_000)
  timers[0]!.run()
  expect(await finishing).toEqual({ done: false })
  release()
  expect(await finishImport(account, { id, keys })).toEqual({ done: true })
  expect(timers.map(({ isCancelled }) => isCancelled)).toEqual([true, true])
})
