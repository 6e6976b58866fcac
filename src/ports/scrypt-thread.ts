/** What a scrypt thread runs: one key for each message. */
import { scryptSync } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'

/** Above 0: the threads that serve requests go first if there are not enough cores. */
const NICENESS = 5

// On Linux a thread has a priority of its own; elsewhere this would be the process's.
if (process.platform === 'linux') setPriority(NICENESS)

parentPort?.on(
  'message',
  ({ password, salt, length }: { password: string; salt: string; length: number }) => {
    parentPort?.postMessage(scryptSync(password, salt, length))
  },
)
