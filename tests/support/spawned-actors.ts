/** A process of actors on an engine of the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ActorProcessOptions } from '#tests/support/actor-process.ts'
import { quietEnvironment } from '#tests/support/actors.ts'
import { root } from '#tests/support/sources.ts'

/** Starts it; `stop` or `kill` it at the end of the test. */
export class SpawnedActors {
  output = ''
  readonly #child: ChildProcess

  constructor(options: ActorProcessOptions) {
    this.#child = spawn(
      process.execPath,
      [join(root, 'tests/support/actor-process.ts'), JSON.stringify(options)],
      { env: { ...process.env, ...quietEnvironment }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
  }

  async ready(): Promise<this> {
    await expect.poll(() => this.output).toContain('ready')
    return this
  }

  /** How often it has served this account anew. */
  wakes(did: string): number {
    return this.output.split(`woke account ${did}`).length - 1
  }

  isAwake(did: string): boolean {
    return this.output.split(`left account ${did}`).length - 1 < this.wakes(did)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
