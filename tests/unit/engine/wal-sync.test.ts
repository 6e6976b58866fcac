import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type SyncThread, WalSync, walSyncThread } from '#src/engine/wal-sync.ts'

/** A thread whose syncs end when the test says so. */
class TestThread extends EventEmitter implements SyncThread {
  started = 0
  keepsAlive = true
  isTerminated = false
  postMessage(): void {
    this.started++
  }
  ref(): void {
    this.keepsAlive = true
  }
  unref(): void {
    this.keepsAlive = false
  }
  async terminate(): Promise<void> {
    this.isTerminated = true
  }
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

it('the thread keeps the process alive only while it syncs, and ends with stop', async () => {
  const { thread, call, endSync, walSync } = open()
  expect(thread.keepsAlive).toBe(false)
  call('first')
  expect(thread.keepsAlive).toBe(true)
  call('second')
  await endSync()
  expect(thread.keepsAlive).toBe(true)
  await endSync()
  expect(thread.keepsAlive).toBe(false)
  expect(thread.isTerminated).toBe(false)
  await walSync.stop()
  expect(thread.isTerminated).toBe(true)
})

it('a message that no call waits for changes nothing', async () => {
  const { thread, walSync, endSync, call, resolved } = open()
  await endSync()
  expect(walSync.total).toEqual({ syncs: 0, seconds: 0 })
  call('first')
  expect([thread.started, resolved]).toEqual([1, []])
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

it('the thread answers each sync, and an error of the disk reaches the caller from it', async () => {
  const path = mkdtempSync(join(tmpdir(), 'headwater-wal-'))
  const { promise: error, resolve: onError } = Promise.withResolvers<unknown>()
  const walSync = new WalSync({ thread: walSyncThread(path), onError })
  await walSync.durable()
  await walSync.durable()
  expect(walSync.total.syncs).toBe(2)
  expect(walSync.total.seconds).toBeGreaterThan(0)
  symlinkSync('000008.log', join(path, '000008.log'))
  void walSync.durable()
  expect(await error).toMatchObject({ code: 'ELOOP' })
  await walSync.stop()
  rmSync(path, { recursive: true })
})

it('an error of the thread when it starts reaches the caller', async () => {
  const path = mkdtempSync(join(tmpdir(), 'headwater-wal-'))
  const { promise: error, resolve: onError } = Promise.withResolvers<unknown>()
  const walSync = new WalSync({ thread: walSyncThread(join(path, 'missing')), onError })
  void walSync.durable()
  expect(await error).toMatchObject({ code: 'ENOENT' })
  await walSync.stop()
  rmSync(path, { recursive: true })
})
