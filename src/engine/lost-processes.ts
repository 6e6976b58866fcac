/**
 * Finds out that a process with actors has exited, and reports it to the engine. Two signs are needed: nothing listens at
 * its address, and its connection to the engine is closed. If only one is there, the engine decides by itself, later.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type EngineAddress, findEnvoy } from '#src/engine/engine-api.ts'
import { pollUntil } from '#src/engine/poll-until.ts'
import { reportLostProcess } from '#src/engine/report-lost-process.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** The engine notices at once that the connection of a process that was killed is closed. */
const DISCONNECT_MS = 3_000
/** All processes with a connection to the one that has exited report it. */
const MAX_PAUSE_MS = 300
/** A report that failed is not repeated: then the engine moves the actors by itself. */
const MAX_REPORTED = 1_000

interface Ports {
  engine: EngineAddress
  log: Log
  findEnvoy?: typeof findEnvoy
  report?: typeof reportLostProcess
}

export class LostProcesses {
  readonly #ports: Required<Ports>
  readonly #reported = new BoundedMap<string, true>(MAX_REPORTED)

  constructor(ports: Ports) {
    this.#ports = { findEnvoy, report: reportLostProcess, ...ports }
  }

  /** Call when nothing listens at the address of the process that the engine knows by this key. Is never rejected. */
  async suspect(envoyKey: string): Promise<void> {
    const { engine, log } = this.#ports
    if (this.#reported.has(envoyKey)) return
    this.#reported.set(envoyKey, true)
    try {
      const isGone = async () => (await this.#ports.findEnvoy(engine, envoyKey)) === undefined
      if (!(await pollUntil(isGone, DISCONNECT_MS))) {
        this.#reported.delete(envoyKey)
        return
      }
      // The engine may drop both of two connections that are made under one key at the same moment.
      await pause(Math.random() * MAX_PAUSE_MS)
      const actors = await this.#ports.report(engine, envoyKey)
      if (actors > 0) log.warn({ envoyKey, actors }, 'a process has exited: its actors were moved')
    } catch (err) {
      log.warn(
        { err, envoyKey },
        'reporting an exited process failed: the engine moves its actors later',
      )
    }
  }
}
