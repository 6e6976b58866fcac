/** The five kinds of tests, from the quick to the rough; tests/README.md says which kind goes where. */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'

const seconds = 1000
const cheapScrypt = join(import.meta.dirname, 'tests/support/fast-scrypt.ts')

/** Tests that run many files at a time, in processes that load what they share once: half the time goes to loading. */
function quick(name: string, timeout: number) {
  return {
    resolve: { alias: { '#src/ports/scrypt.ts': cheapScrypt } },
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      testTimeout: timeout,
      isolate: false,
      expect: { poll: { timeout: timeout - 5 * seconds } },
    },
  }
}

/** Tests that start engines and servers, after the quick ones. Files overlap, since a server waits for most of its time. */
function withServers(name: string, timeout: number) {
  return {
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      // One group: at the end of each, workers wait for the longest file.
      sequence: { groupOrder: 1 },
      testTimeout: timeout,
      isolate: false,
      // Servers wait for a fourth of their time.
      maxWorkers: availableParallelism() + 1,
      hookTimeout: 120 * seconds,
      // Limits are for what never comes: a busy machine is ten times as slow as an idle one.
      expect: { poll: { timeout: 30 * seconds } },
    },
  }
}

/** Tells `scripts/test.ts` which files failed, and whether anything went wrong outside of them. */
const outcome: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env['TEST_OUTCOME']
    if (path === undefined) return
    const failed = modules.filter((file) => !file.ok()).map(({ moduleId }) => moduleId)
    writeFileSync(path, JSON.stringify({ failed, unhandled: unhandledErrors.length }))
  },
}

export default defineConfig({
  test: {
    reporters: ['default', outcome],
    // Its own choice leaves a core idle.
    maxWorkers: availableParallelism(),
    projects: [
      quick('unit', 30 * seconds),
      quick('property', 30 * seconds),
      withServers('integration', 120 * seconds),
      withServers('e2e', 120 * seconds),
      withServers('fault', 300 * seconds),
    ],
  },
})
