/** Runs tests on sources that are changed in memory. */
import { join } from 'node:path'
import { createVitest, type TestModule, type TestSpecification, type Vitest } from 'vitest/node'
import { guardLoops } from './loop-guards.ts'
import { WarmPool } from './warm-pool.ts'

export const root = join(import.meta.dirname, '../..')

export type Outcome = 'survived' | 'killed' | 'timeout' | 'equivalent'

export interface Result {
  outcome: Outcome
  /** The first test file that failed. */
  killer?: string
  /** Its error. */
  message?: string
}

/** Milliseconds that the tests of a file took. */
export interface Times {
  all: number
  slowest: number
}

/** Tests run in the order in which they are given. */
class AsGiven {
  shard(files: TestSpecification[]) {
    return files
  }
  sort(files: TestSpecification[]) {
    return files
  }
}

export class TestRun {
  #vitest!: Vitest
  #pool = new WarmPool()
  #sources = new Map<string, string>()
  #stale = new Set<string>()
  readonly #times = new Map<string, Times>()

  async start(): Promise<void> {
    this.#vitest = await createVitest(
      'test',
      {
        config: false,
        root,
        watch: false,
        include: ['tests/{unit,property}/**/*.test.ts'],
        alias: { '#src/ports/scrypt.ts': join(root, 'tests/support/fast-scrypt.ts') },
        setupFiles: [join(import.meta.dirname, 'setup.ts')],
        isolate: false,
        maxWorkers: 1,
        pool: this.#pool,
        sequence: { sequencer: AsGiven },
        reporters: [{}],
        fsModuleCache: false,
      },
      {
        plugins: [
          {
            name: 'mutants',
            enforce: 'pre',
            transform: (code, id) => this.#textOf(code, id),
          },
        ],
      },
      { stdout: process.stderr, stderr: process.stderr },
    )
    await this.#vitest.standalone()
    await this.#vitest.globTestSpecifications()
  }

  /** What is loaded for our own files: the changed text, or the file's, with loops that end. */
  #textOf(code: string, id: string): string | undefined {
    const isOurs = id.startsWith(root) && /^(src|tests)\/.*\.ts$/.test(id.slice(root.length + 1))
    if (!isOurs || id.includes('/lexicons/')) return undefined
    return guardLoops(this.#sources.get(id) ?? code)
  }

  /** Changes the source of a file, whose path is relative to the root, until it is set again or reset. */
  setSource(path: string, text: string | undefined): void {
    const id = join(root, path)
    if (text === undefined) this.#sources.delete(id)
    else this.#sources.set(id, text)
    this.#stale.add(id)
  }

  /**
   * Runs the test files up to the first failure; their paths are relative to the root. Limits are in milliseconds: of
   * one test in each file, and of all.
   */
  async run(
    tests: readonly string[],
    limitOf: (path: string) => number,
    limitOfAll: number,
  ): Promise<Result> {
    for (const id of this.#stale) this.#vitest.invalidateFile(id)
    const timeLimits = Object.fromEntries(tests.map((path) => [join(root, path), limitOf(path)]))
    this.#vitest.provide('mutation', { changed: [...this.#stale], timeLimits })
    this.#stale.clear()
    const specifications = tests.flatMap((path) =>
      this.#vitest.getModuleSpecifications(join(root, path)),
    )
    let isOver = false
    const watch = setTimeout(() => {
      isOver = true
      void this.#pool.restart()
    }, limitOfAll)
    try {
      const { testModules: known, unhandledErrors } =
        await this.#vitest.runTestSpecifications(specifications)
      // Files of earlier runs are among the known ones.
      const testModules = known.filter(({ moduleId }) => order(specifications, moduleId) >= 0)
      const failed = testModules
        .filter((module) => !module.ok())
        .sort((a, b) => order(specifications, a.moduleId) - order(specifications, b.moduleId))[0]
      if (isOver) return { outcome: 'timeout', message: 'the run was ended' }
      if (failed === undefined && unhandledErrors.length === 0) {
        for (const module of testModules) this.#noteTimes(module)
        return { outcome: 'survived' }
      }
      const tests = failed ? [...failed.children.allTests('failed')] : []
      const errors = [
        ...tests.flatMap((test) => test.result().errors ?? []),
        ...(failed?.errors() ?? []),
        ...unhandledErrors,
      ]
      const message = String((errors[0] as Error | undefined)?.message ?? 'unknown').slice(0, 200)
      const isTimeout = /timed out/.test(message)
      return {
        outcome: isTimeout ? 'timeout' : 'killed',
        ...(failed && { killer: failed.moduleId.slice(root.length + 1) }),
        message,
      }
    } catch (error) {
      return { outcome: isOver ? 'timeout' : 'killed', message: String(error).slice(0, 200) }
    } finally {
      clearTimeout(watch)
    }
  }

  #noteTimes({ moduleId, children }: TestModule): void {
    const took = [...children.allTests()].map((test) => test.diagnostic()?.duration ?? 0)
    const all = took.reduce((sum, one) => sum + one, 0)
    this.#times.set(moduleId.slice(root.length + 1), { all, slowest: Math.max(0, ...took) })
  }

  /** Of the last run of the file that did not fail. */
  timesOf(path: string): Times {
    return this.#times.get(path) ?? { all: 0, slowest: 0 }
  }

  /** Starts again from an empty process. */
  restart(): Promise<void> {
    return this.#pool.restart()
  }

  async end(): Promise<void> {
    await this.#pool.restart()
    await this.#vitest.close()
  }
}

function order(specifications: readonly TestSpecification[], moduleId: string): number {
  return specifications.findIndex((specification) => specification.moduleId === moduleId)
}
