/** What the process does about errors that nothing in it has caught. */
import { inspect } from 'node:util'
import type { Log } from '#src/log.ts'

/**
 * A rejected promise that nothing awaits is logged and counted, and the process goes on: libraries drop promises, and
 * what one request did must not end all accounts. After an exception the state of the process is unknown: it is logged,
 * and the process exits with 1. Returns the number of unhandled rejections so far.
 */
export function handleProcessErrors(
  log: Pick<Log, 'error'>,
  process: Pick<NodeJS.Process, 'on' | 'exit'>,
): () => number {
  let rejections = 0
  process.on('unhandledRejection', (reason) => {
    rejections++
    log.error({ err: errorOf(reason) }, 'unhandled rejection: the process goes on')
  })
  process.on('uncaughtException', (error) => {
    // Written when `error` returns: the log's output is synchronous.
    log.error({ err: errorOf(error) }, 'uncaught exception: the process exits')
    process.exit(1)
  })
  return () => rejections
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`not an error: ${inspect(reason)}`)
}
