import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { recoveryTimeMs } from '#src/engine/recovery-time.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-recovery-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('the engine has two seconds more to start for each megabyte of its logs, and of nothing else', () => {
  expect(recoveryTimeMs(dir)).toBe(0)
  mkdirSync(join(dir, 'db'))
  writeFileSync(join(dir, 'db/000008.log'), Buffer.alloc(1_000_000))
  writeFileSync(join(dir, 'db/000009.log'), Buffer.alloc(500_000))
  writeFileSync(join(dir, 'db/000010.sst'), Buffer.alloc(1_000_000))
  writeFileSync(join(dir, 'db/LOG'), Buffer.alloc(1_000_000))
  expect(recoveryTimeMs(dir)).toBe(3_000)
})

it('a store that is no folder needs no time: the engine says what is wrong', () => {
  writeFileSync(join(dir, 'db'), 'not a store')
  expect(recoveryTimeMs(dir)).toBe(0)
})
