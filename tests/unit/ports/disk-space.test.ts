import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { DiskSpace, isDiskFull, rethrowFull } from '#src/ports/disk-space.ts'

let dir: string
let free: number | undefined
let rounds: (() => void)[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-space-'))
  free = 10_000
  rounds = []
})
afterEach(() => rmSync(dir, { recursive: true }))

const log = { warn: vi.fn(), error: vi.fn() }
const keptFile = () => join(dir, 'kept-space')

function open(reserveBytes = 800): { disk: DiskSpace; round(): Promise<void> } {
  const timer = (_ms: number, run: () => void) => {
    rounds.push(run)
    return () => {}
  }
  const ports = { path: dir, reserveBytes, keptFile: keptFile(), log, timer }
  const disk = new DiskSpace({ ...ports, measure: () => free })
  disk.start()
  let done = 0
  const round = async () => {
    rounds[done++]!()
    await expect.poll(() => rounds.length).toBe(done + 1)
  }
  return { disk, round }
}

const refusal = { status: 507, error: 'InsufficientStorage' }
const write = async () => 'written'

it.each([
  [undefined, false, 'written'],
  [800, false, 'written'],
  [799, true, 'written'],
  [200, true, 'written'],
  [199, true, 'refused'],
  [0, true, 'refused'],
])(
  'with a reserve of 800 bytes and %s free, content is refused: %s, and a transaction is %s',
  async (bytes, isLow, outcome) => {
    free = bytes
    const { disk } = open()
    expect(disk.isLow).toBe(isLow)
    if (isLow) expect(() => disk.mustHaveRoom()).toThrow(expect.objectContaining(refusal))
    else disk.mustHaveRoom()
    if (outcome === 'refused') await expect(disk.transaction(write)).rejects.toMatchObject(refusal)
    else expect(await disk.transaction(write)).toBe('written')
  },
)

it('a disk that fills up between two measurements is noticed by the next transaction', async () => {
  const { disk } = open()
  expect(await disk.transaction(write)).toBe('written')
  free = 0
  await expect.poll(() => disk.transaction(write).catch(() => 'refused')).toBe('refused')
})

it('a file is kept while there is room, given back when the disk is nearly exhausted, and kept again later', async () => {
  const { disk, round } = open()
  await round()
  expect(statSync(keptFile()).size).toBe(100)
  free = 99
  await round()
  expect(existsSync(keptFile())).toBe(false)
  expect(disk.isExhausted).toBe(false)
  free = 49
  await round()
  expect(disk.isExhausted).toBe(true)
  free = 899
  await round()
  expect(existsSync(keptFile())).toBe(false)
  free = 900
  await round()
  expect(statSync(keptFile()).mode & 0o777).toBe(0o600)
})

it('a disk without a reserve is not checked', async () => {
  free = 0
  const { disk, round } = open(0)
  await round()
  expect(disk.isLow).toBe(false)
  expect(await disk.transaction(write)).toBe('written')
  expect(existsSync(keptFile())).toBe(false)
})

it('a failed transaction is reported once', async () => {
  const { disk } = open()
  expect(disk.takeFailure()).toBe(false)
  await expect(disk.transaction(() => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
  expect([disk.takeFailure(), disk.takeFailure()]).toEqual([true, false])
})

it('a disk is full, also for the quota of its user, and no other failure is one', () => {
  const failed = (code: string) => Object.assign(new Error(code), { code })
  expect(['ENOSPC', 'EDQUOT', 'EIO'].map((code) => isDiskFull(failed(code)))).toEqual([
    ...[true, true, false],
  ])
  expect(() => rethrowFull(failed('EDQUOT'))).toThrow(
    expect.objectContaining({ status: 507, error: 'InsufficientStorage' }),
  )
  expect(() => rethrowFull(failed('EIO'))).toThrow('EIO')
})
