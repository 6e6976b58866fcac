/** Runs before each test file: ends endless loops, and skips what comes after the first failure. */
import { configureGlobal } from 'fast-check'
import { afterEach, beforeEach, expect, inject, vi } from 'vitest'

declare global {
  var __mutation: { hasFailed: boolean; deadline: number }
  var __turn: () => void
}

declare module 'vitest' {
  interface ProvidedContext {
    mutation: {
      /** Files that have another text than in the run before. */
      changed: string[]
      /** Milliseconds that a test may take, by its file. */
      timeLimits: Record<string, number>
    }
  }
}

const timeLimit = inject('mutation').timeLimits[expect.getState().testPath!]!
const now = performance.now.bind(performance)
const run = globalThis.__mutation

if (run.hasFailed) throw new Error('left out after a failure')
vi.setConfig({ testTimeout: timeLimit, hookTimeout: timeLimit })

// The same histories for every mutant, and none again after a failure.
configureGlobal({ seed: 1, endOnFailure: true })

let turns = 0
/** Called by every loop of our code. Throws if the test has had its time. */
globalThis.__turn = () => {
  turns++
  if (turns % 1024 === 0 && now() > run.deadline) throw new Error('a loop timed out')
}

/** Milliseconds that a test file may take to load. */
const LOAD_LIMIT = 60_000
run.deadline = now() + LOAD_LIMIT

beforeEach((context) => {
  if (run.hasFailed) context.skip()
  run.deadline = now() + timeLimit
})

afterEach(({ task }) => {
  if (task.result?.state === 'fail') run.hasFailed = true
})
