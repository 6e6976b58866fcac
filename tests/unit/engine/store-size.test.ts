import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { storeSize } from '#src/engine/store-size.ts'

const folder = mkdtempSync(join(tmpdir(), 'headwater-store-'))
afterEach(() => rmSync(folder, { recursive: true }))

it("the store's size is that of its files, with that of the write-ahead log apart", async () => {
  const files = { '000012.log': 300, '000013.log': 40, '000009.sst': 2_000, LOG: 5, CURRENT: 16 }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), new Uint8Array(bytes))
  }
  expect(await storeSize(folder)).toEqual({ bytes: 2_361, walBytes: 340 })
})
