/**
 * The moments at which the engine's store changes its files: a new log (a rotation), a new table, the end of an old
 * log. In between, the table and the manifest are being written.
 */
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds after a new log, and after a new table. */
const AFTER_LOG = [0, 5, 20, 50, 100]
const AFTER_TABLE = [0, 200]
const MAX_WAIT_MS = 10 * 60_000

/** Calls `cut` at the next rotations of the store in the folder, one call after the other, and resolves after `count`. */
export async function cutAtRotations(
  cut: (moment: string) => Promise<void>,
  count: number,
  folder: string,
): Promise<void> {
  const changes = new Changes(folder)
  try {
    for (let rotation = 1; rotation <= count; rotation++) {
      await changes.nextRotation()
      const name = `rotation ${rotation}`
      await cutAfter(AFTER_LOG, (ms) => cut(`${name}, new log + ${ms} ms`))
      await changes.next(/^\d+\.sst$/)
      await cutAfter(AFTER_TABLE, (ms) => cut(`${name}, new table + ${ms} ms`))
    }
  } finally {
    changes.close()
  }
}

async function cutAfter(offsets: readonly number[], cut: (ms: number) => Promise<void>) {
  const from = performance.now()
  for (const offset of offsets) {
    await pause(Math.max(0, from + offset - performance.now()))
    await cut(Math.round(performance.now() - from))
  }
}

/** New files in a folder. */
class Changes {
  readonly #known: Set<string>
  readonly #watcher: FSWatcher
  #new: string[] = []
  #wake = () => {}

  constructor(folder: string) {
    this.#known = new Set(readdirSync(folder))
    this.#watcher = watch(folder, (_, name) => {
      if (name === null || this.#known.has(name)) return
      this.#known.add(name)
      this.#new.push(name)
      this.#wake()
    })
  }

  /** Resolves as soon as there is a new file with such a name, of which no earlier call has heard. */
  async next(pattern: RegExp): Promise<void> {
    for (;;) {
      const found = this.#new.findIndex((name) => pattern.test(name))
      if (found !== -1) {
        this.#new.splice(found, 1)
        return
      }
      await new Promise<void>((resolve, reject) => {
        const isTooLate = () => reject(new Error('the engine has not rotated its log'))
        const timer = setTimeout(isTooLate, MAX_WAIT_MS)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** The engine makes a new log also when it starts, after it has set its former messages aside. */
  async nextRotation(): Promise<void> {
    do {
      this.#new = []
      await this.next(/^\d+\.log$/)
    } while (this.#new.some((name) => name.startsWith('LOG.old.')))
  }

  close(): void {
    this.#watcher.close()
  }
}
