/** ZIP files, read by Info-ZIP's `unzip` and Python's `zipfile`, neither of which is ours. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ZipFile, zip } from '#src/gateway/archive/zip.ts'

const modifiedAt = Date.UTC(2026, 10, 30, 12, 34, 56)
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-zip-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function* inParts(text: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 1_000) yield text.subarray(at, at + 1_000)
}

async function chunksOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return chunks
}

async function write(files: readonly { name: string; text: Buffer }[]): Promise<string> {
  async function* all(): AsyncGenerator<ZipFile> {
    for (const { name, text } of files) yield { name, modifiedAt, bytes: inParts(text) }
  }
  const path = join(folder, 'test.zip')
  writeFileSync(path, Buffer.concat(await chunksOf(zip(all()))))
  return path
}

function python(code: string, path: string): string {
  return execFileSync('python3', ['-c', `import sys, zipfile\n${code}`, path], {
    encoding: 'utf8',
  }).trim()
}

it('unzip and Python find every file with its bytes, its name and its time', async () => {
  const files = [
    { name: 'repo.car', text: Buffer.alloc(123_457, 'car') },
    { name: 'blobs/empty', text: Buffer.alloc(0) },
    { name: 'blobs/größe.txt', text: Buffer.from('ö') },
  ]
  const path = await write(files)
  expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toContain('No errors detected')
  execFileSync('unzip', ['-q', path, '-d', folder])
  for (const { name, text } of files.slice(0, 2)) {
    expect(readFileSync(join(folder, name)).equals(text)).toBe(true)
  }
  const found = python(
    'z = zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(), [(i.filename, i.file_size, i.date_time) for i in z.infolist()])',
    path,
  )
  const time = '(2026, 11, 30, 12, 34, 56)'
  const entries = files.map(({ name, text }) => `('${name}', ${text.length}, ${time})`)
  expect(found).toBe(`None [${entries.join(', ')}]`)
})

it('an archive of more than 65,535 files is read whole', async () => {
  const count = 66_000
  const text = Buffer.alloc(0)
  const path = await write(Array.from({ length: count }, (_, i) => ({ name: `f${i}`, text })))
  const found = python('print(len(zipfile.ZipFile(sys.argv[1]).infolist()))', path)
  expect(found).toBe(String(count))
})

it('a source that fails, fails the archive', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1)
    throw new Error('lost')
  }
  async function* files(): AsyncGenerator<ZipFile> {
    yield { name: 'a', modifiedAt, bytes: broken() }
  }
  await expect(chunksOf(zip(files()))).rejects.toThrow('lost')
})
