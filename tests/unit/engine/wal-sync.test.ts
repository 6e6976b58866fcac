import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type SyncThread, WalSync, walSyncThread } from '#src/engine/wal-sync.ts'

/** A thread whose syncs end when the test says so. */
class TestThread extends EventEmitter implements SyncThread {
  started = 0
  postMessage(): void {
    this.started++
  }
  ref(): void {}
  unref(): void {}
  async terminate(): Promise<void> {}
}

function open() {
  const thread = new TestThread()
  const errors: unknown[] = []
  let now = 0
  const walSync = new WalSync({ thread, onError: (e) => errors.push(e), now: () => now })
  const resolved: string[] = []
  const call = (name: string) => void walSync.durable().then(() => resolved.push(name))
  const endSync = async () => {
    now += 500
    thread.emit('message', 'synced')
    await new Promise(setImmediate)
  }
  return { thread, walSync, errors, resolved, call, endSync }
}

it('calls during a sync share the next one, which starts when that one has ended', async () => {
  const { thread, resolved, call, endSync, walSync } = open()
  call('first')
  call('second')
  call('third')
  expect(thread.started).toBe(1)
  await endSync()
  expect([thread.started, resolved]).toEqual([2, ['first']])
  call('fourth')
  await endSync()
  expect([thread.started, resolved]).toEqual([3, ['first', 'second', 'third']])
  await endSync()
  expect([thread.started, resolved]).toEqual([3, ['first', 'second', 'third', 'fourth']])
  expect(walSync.total).toEqual({ syncs: 3, seconds: 1.5 })
  call('fifth')
  expect(thread.started).toBe(4)
})

it('after an error no call resolves', async () => {
  const { thread, resolved, call, errors } = open()
  call('first')
  const error = new Error('EIO')
  thread.emit('error', error)
  call('second')
  await new Promise(setImmediate)
  expect([errors, resolved]).toEqual([[error], []])
})

it('an error of the disk reaches the caller from the thread', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'headwater-wal-'))
  const { promise: error, resolve: onError } = Promise.withResolvers<unknown>()
  const walSync = new WalSync({ thread: walSyncThread(join(parent, 'missing')), onError })
  void walSync.durable()
  expect(await error).toMatchObject({ code: 'ENOENT' })
  await walSync.stop()
  rmSync(parent, { recursive: true })
})
