import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { diskSpool } from '#src/ports/spool.ts'
import type { Timer } from '#src/ports/timer.ts'

const full = { status: 503, error: 'ServiceUnavailable' }
const diskFull = { status: 507, error: 'InsufficientStorage' }
const never: Timer = () => () => {}

async function openSpool(limits: { maxFiles?: number; maxBytes?: number } = {}, timer = never) {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-spool-'))
  const spool = diskSpool(folder, { maxFiles: 2, maxBytes: 1e8, idleMs: 1000, ...limits }, timer)
  return { folder, spool, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

it('a spooled file gives ranges of what was appended, in any order and overlapping', async () => {
  await using opened = await openSpool()
  const file = await opened.spool.open()
  const content = Buffer.from(Array.from({ length: 9_000_000 }, (_, n) => (n * 7) % 251))
  for (let at = 0; at < content.length; at += 700_000) {
    await file.append(content.subarray(at, at + 700_000))
  }
  expect(file.size).toBe(content.length)
  const ranges = [
    [8_999_999, 1],
    [0, 10],
    [5, 2_500_000],
    [3_000_000, 100],
    [2_990_000, 100],
    [5, 2_500_000],
    [100, 0],
    [4_000_000, 5_000_000],
  ].map(([at = 0, length = 0]) => ({ at, length }))
  const read = await file.read(ranges)
  for (const [i, { at, length }] of ranges.entries()) {
    expect(content.compare(read[i]!, 0, length, at, at + length)).toBe(0)
    expect(read[i]).toHaveLength(length)
  }
  expect(await file.read([])).toEqual([])
  await file.close()
})

it('nothing of a spooled file is left in its folder, whatever happens to the process', async () => {
  await using opened = await openSpool()
  const file = await opened.spool.open()
  await file.append(Uint8Array.of(1))
  expect(await readdir(opened.folder)).toEqual([])
  await file.close()
})

it('a spool has room for so many files and bytes, which a file gives back when it is closed', async () => {
  await using opened = await openSpool({ maxFiles: 2, maxBytes: 10 })
  const [first, second] = [await opened.spool.open(), await opened.spool.open()]
  await expect(opened.spool.open()).rejects.toMatchObject(full)
  await first.append(new Uint8Array(6))
  await expect(second.append(new Uint8Array(5))).rejects.toMatchObject(full)
  await first.close()
  await first.close()
  await second.append(new Uint8Array(10))
  const third = await opened.spool.open()
  await expect(opened.spool.open()).rejects.toMatchObject(full)
  await Promise.all([second.close(), third.close()])
})

it('a spooled file that is not used for a while is closed', async () => {
  const running = new Set<() => void>()
  const timer: Timer = (_, run) => {
    running.add(run)
    return () => running.delete(run)
  }
  await using opened = await openSpool({ maxFiles: 1 }, timer)
  const file = await opened.spool.open()
  await file.append(Uint8Array.of(1))
  expect(running.size).toBe(1)
  for (const run of running) run()
  await expect(file.append(Uint8Array.of(1))).rejects.toMatchObject(full)
  await expect(file.read([{ at: 0, length: 1 }])).rejects.toMatchObject(full)
  expect(running.size).toBe(0)
  await (await opened.spool.open()).close()
})

afterEach(() => vi.restoreAllMocks())

it.each(['ENOSPC', 'EDQUOT'])(
  'a spooled file refuses bytes with 507 if the disk is full (%s), and gives its place back when it is closed',
  async (code) => {
    await using opened = await openSpool({ maxFiles: 1 })
    const file = await opened.spool.open()
    const handle = await open(opened.folder)
    const write = vi.spyOn(Object.getPrototypeOf(handle), 'write')
    await handle.close()
    write.mockRejectedValue(Object.assign(new Error(code), { code }))
    await expect(file.append(Uint8Array.of(1))).rejects.toMatchObject(diskFull)
    await file.close()
    await (await opened.spool.open()).close()
  },
)
