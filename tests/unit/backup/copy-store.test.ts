import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { copyStore } from '#src/backup/copy-store.ts'

let root: string
let store: string
let copied: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'headwater-copy-store-'))
  store = join(root, 'db')
  copied = join(root, 'copy')
  mkdirSync(store)
  const files = {
    CURRENT: 'MANIFEST-000004\n',
    IDENTITY: 'id',
    LOCK: '',
    LOG: 'text',
    'MANIFEST-000004': 'tables 7',
    'OPTIONS-000005': 'options',
    '000007.sst': 'seven',
    '9.log': 'older',
    '10.log': 'newer',
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
})
afterEach(() => rmSync(root, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(store, name), text)
const read = (name: string) => readFileSync(join(copied, name), 'utf8')

/** Copies while `change` happens after the first file; returns how many attempts it took. */
async function copyDuring(change: () => void): Promise<number> {
  let attempts = 0
  const onFile = (done: number) => {
    if (done !== 1) return
    if (++attempts === 1) change()
  }
  await copyStore(store, copied, onFile, 0)
  return attempts
}

it('a copy of a store has its tables, its manifest and its logs, and not its lock', async () => {
  expect(await copyDuring(() => {})).toBe(1)
  expect(readdirSync(copied).sort()).toEqual(
    readdirSync(store)
      .filter((name) => !['LOCK', 'LOG'].includes(name))
      .sort(),
  )
})

it('a log that grows during the copy does not restart it, and the newest log is copied last', async () => {
  const done: number[] = []
  const order: string[] = []
  await copyStore(store, copied, (n) => {
    done.push(n)
    order.push(readdirSync(copied).find((name) => !order.includes(name))!)
    if (n === 1) appendFileSync(join(store, '10.log'), '+')
  })
  expect(done).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(order.slice(-2)).toEqual(['9.log', '10.log'])
  expect(read('10.log')).toBe('newer+')
})

it.each([
  ['a table is added', () => write('000008.sst', 'eight')],
  ['a table is deleted', () => rmSync(join(store, '000007.sst'))],
  ['a log is deleted before it is copied', () => rmSync(join(store, '9.log'))],
  ['the manifest grows', () => appendFileSync(join(store, 'MANIFEST-000004'), ', 8')],
  [
    'another manifest becomes the current one',
    () => {
      renameSync(join(store, 'MANIFEST-000004'), join(store, 'MANIFEST-000011'))
      write('CURRENT', 'MANIFEST-000011\n')
    },
  ],
])('a copy is made again if %s meanwhile', async (_, change) => {
  expect(await copyDuring(change)).toBe(2)
  const names = readdirSync(store).filter((name) => !['LOCK', 'LOG'].includes(name))
  expect(readdirSync(copied).sort()).toEqual(names.sort())
  for (const name of names) expect(read(name)).toBe(readFileSync(join(store, name), 'utf8'))
})

it('a change of the store after the copy does not reach the copy', async () => {
  await copyStore(store, copied)
  appendFileSync(join(store, 'MANIFEST-000004'), 'later')
  appendFileSync(join(store, '10.log'), 'later')
  rmSync(join(store, '000007.sst'))
  expect([read('MANIFEST-000004'), read('10.log'), read('000007.sst')]).toEqual([
    'tables 7',
    'newer',
    'seven',
  ])
})

it('a store that changes during every attempt is an error', async () => {
  let n = 100
  const onFile = (done: number) => {
    if (done === 1) write(`${++n}.sst`, 'more')
  }
  await expect(copyStore(store, copied, onFile, 0)).rejects.toThrow(
    'changed during each of 20 attempts',
  )
})
