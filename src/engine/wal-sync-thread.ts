/** What the thread of `WalSync` runs: one sync of the engine's log for each message. */
import { parentPort, workerData } from 'node:worker_threads'
import { WalFolder } from '#src/engine/wal-folder.ts'

const folder = new WalFolder((workerData as { path: string }).path)

parentPort?.on('message', () => {
  folder.sync()
  parentPort?.postMessage('synced')
})
