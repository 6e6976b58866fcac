import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type ZipFile, zip } from '#src/gateway/export/zip.ts'
import { readZip } from '#tests/support/read-zip.ts'

const modifiedAt = Date.UTC(2026, 10, 30, 12, 34, 56)
const files = [
  { name: 'repo.car', text: Buffer.alloc(123_457, 'car') },
  { name: 'blobs/empty', text: Buffer.alloc(0) },
  { name: 'blobs/größe.txt', text: Buffer.from('ö') },
]
const hasUnzip = spawnSync('unzip', ['-v']).status === 0

async function* inParts(text: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 1_000) yield text.subarray(at, at + 1_000)
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function zipped(all: readonly { name: string; text: Buffer }[]): Promise<Buffer> {
  async function* entries(): AsyncGenerator<ZipFile> {
    for (const { name, text } of all) yield { name, modifiedAt, bytes: inParts(text) }
  }
  return bytesOf(zip(entries()))
}

it('each file has its name, its bytes and their checksum', async () => {
  const found = readZip(await zipped(files))
  expect(found.map(({ name, bytes }) => [name, bytes])).toEqual(
    files.map(({ name, text }) => [name, text]),
  )
})

it.runIf(hasUnzip)('unzip, if it is installed, finds no error, and the time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-zip-'))
  try {
    writeFileSync(join(folder, 'a.zip'), await zipped(files))
    const unzip = (option: string) =>
      execFileSync('unzip', [option, 'a.zip'], { cwd: folder, encoding: 'utf8' })
    expect(unzip('-t')).toContain('No errors detected')
    expect(unzip('-l')).toMatch(/123457\s+2026-11-30 12:34\s+repo\.car/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('a ZIP file of more than 65,535 files has all of them', async () => {
  const text = Buffer.alloc(0)
  const many = Array.from({ length: 66_000 }, (_, i) => ({ name: `f${i}`, text }))
  const found = readZip(await zipped(many))
  expect([found.length, found.at(-1)?.name]).toEqual([66_000, 'f65999'])
})

it('a source that fails, fails the ZIP file', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1)
    throw new Error('lost')
  }
  async function* entries(): AsyncGenerator<ZipFile> {
    yield { name: 'a', modifiedAt, bytes: broken() }
  }
  await expect(bytesOf(zip(entries()))).rejects.toThrow('lost')
})
