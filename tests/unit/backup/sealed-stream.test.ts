import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { opened, sealed } from '#src/backup/sealed-stream.ts'

const key = randomBytes(32)
const CHUNK = 256 * 1024

async function* inParts(bytes: Uint8Array, size = 100_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const seal = (bytes: Uint8Array, name = 'a') => buffer(sealed(inParts(bytes), key, name))
const open = (bytes: Uint8Array, name = 'a', with_ = key) =>
  buffer(opened(inParts(bytes), with_, name))

it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])(
  'opens the %i bytes it sealed',
  async (n) => {
    const bytes = randomBytes(n)
    expect((await open(await seal(bytes))).equals(bytes)).toBe(true)
  },
)

it('refuses what was changed, cut off, reordered, renamed, or sealed with another key', async () => {
  const object = await seal(randomBytes(3 * CHUNK))
  const head = 20
  const chunk = (i: number) =>
    object.subarray(head + i * (CHUNK + 16), head + (i + 1) * (CHUNK + 16))
  for (const at of [0, 10, head, head + CHUNK, object.length - 1]) {
    const changed = Buffer.from(object)
    changed[at]! ^= 1
    await expect(open(changed), `byte ${at}`).rejects.toThrow('damaged')
  }
  for (const length of [0, 3, head, head + 5, head + CHUNK + 16, object.length - 1]) {
    await expect(open(object.subarray(0, length)), `length ${length}`).rejects.toThrow('damaged')
  }
  const start = object.subarray(0, head)
  await expect(open(Buffer.concat([start, chunk(1), chunk(0), chunk(2)]))).rejects.toThrow()
  await expect(open(Buffer.concat([object, chunk(2)]))).rejects.toThrow('damaged')
  await expect(open(object, 'b')).rejects.toThrow('b is damaged')
  await expect(open(object, 'a', randomBytes(32))).rejects.toThrow('another PDS_BACKUP_KEY_HEX')
})
