/** Tests that every implementation of ArchiveStorage must pass. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { type ArchiveStorage, readObject } from '#src/ports/archive-storage.ts'

async function* inChunks(bytes: Uint8Array, size = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function archiveStorageContract(storage: () => ArchiveStorage): void {
  async function read(key: string) {
    const found = await storage().get(key)
    return found && Buffer.from(await readObject(found, 100_000_000))
  }
  async function keys(prefix: string) {
    const found: string[] = []
    for await (const { key } of storage().list(prefix)) found.push(key)
    return found.toSorted()
  }

  it.each([0, 1, 5_000_000, 12_345_678])('returns the %i bytes that it stored', async (size) => {
    const bytes = randomBytes(size)
    await storage().put('sizes/one', inChunks(bytes))
    expect(await storage().sizeOf('sizes/one')).toBe(size)
    expect((await read('sizes/one'))?.equals(bytes)).toBe(true)
  })

  it('replaces an object', async () => {
    await storage().put('same', Buffer.from('old'))
    await storage().put('same', Buffer.from('new'))
    expect(String(await read('same'))).toBe('new')
  })

  it('keeps nothing of a source that fails, and rejects with its error', async () => {
    const broken = new Error('broken off')
    async function* breaking() {
      yield randomBytes(6_000_000)
      throw broken
    }
    await expect(storage().put('broken/one', breaking())).rejects.toBe(broken)
    expect(await storage().get('broken/one')).toBeUndefined()
    expect(await keys('broken/')).toEqual([])
  })

  it('lists keys and folders, and deletes', async () => {
    for (const key of ['a/did:plc:x/1', 'a/did:plc:x/2/m.json', 'a/did:web:h%3A1/1', 'a/b']) {
      await storage().put(key, Buffer.from(key))
    }
    expect(await keys('a/')).toEqual([
      'a/b',
      'a/did:plc:x/1',
      'a/did:plc:x/2/m.json',
      'a/did:web:h%3A1/1',
    ])
    const folders: string[] = []
    for await (const name of storage().folders('a/')) folders.push(name)
    expect(folders.toSorted()).toEqual(['did:plc:x', 'did:web:h%3A1'])
    await storage().delete(['a/b', 'a/did:plc:x/1', 'a/none'])
    expect(await keys('a/did:plc:x/')).toEqual(['a/did:plc:x/2/m.json'])
    expect(await storage().sizeOf('a/b')).toBeUndefined()
    expect(await storage().get('a/b')).toBeUndefined()
  })

  it.each(['../up', 'a/../../b', '/root', '.drafts/x', 'a//b', 'a\\b'])(
    'refuses the key %s',
    async (key) => {
      await expect((async () => storage().put(key, Buffer.from('x')))()).rejects.toThrow('unsafe')
    },
  )

  it('an object can be closed before its end', async () => {
    await storage().put('large', randomBytes(3_000_000))
    const found = await storage().get('large')
    for await (const _ of found!.bytes) break
    await found!.close()
  })
}
