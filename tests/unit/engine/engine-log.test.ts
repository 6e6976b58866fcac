import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keepLogSmall, openEngineLog } from '#src/engine/engine-log.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-log-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('the log is moved aside while it is written to, and neither file exceeds the limit', async () => {
  const checks: (() => void)[] = []
  const timer = (_ms: number, check: () => void) => {
    checks.push(check)
    return () => {}
  }
  const log = openEngineLog(dir)
  const read = (name: string) => readFileSync(join(dir, name), 'utf8')
  const stop = keepLogSmall(dir, { maxBytes: 10, timer })
  await expect.poll(() => checks.length).toBe(1)
  writeSync(log, 'abcdefghijklmnop')
  checks[0]!()
  await expect.poll(() => checks.length).toBe(2)
  expect([read('engine.log'), read('engine.log.old')]).toEqual(['', 'ghijklmnop'])
  writeSync(log, '1234567890')
  checks[1]!()
  await expect.poll(() => checks.length).toBe(3)
  expect([read('engine.log'), read('engine.log.old')]).toEqual(['1234567890', 'ghijklmnop'])
  expect(statSync(join(dir, 'engine.log.old')).mode & 0o777).toBe(0o600)
  stop()
  closeSync(log)
})
