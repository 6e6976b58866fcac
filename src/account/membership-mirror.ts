/**
 * Mirrors the members of a group to the directory, so that "my groups" wakes no account. What changed is stored in the
 * transaction of the change, sent as soon as that is durable, and deleted when the directory has it; a reminder lets the
 * account go on with it if the process exits in between.
 */
import type { Reminder } from '#src/account/reminder.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

/** `role` is null if it is no member any more. */
export interface MirroredMembership {
  did: string
  role: string | null
  /** Milliseconds since 1970. */
  expiresAt: number | null
}

interface MirrorPorts {
  sql: Sql
  reminder: Pick<Reminder, 'ensure'>
  /** Idempotent. */
  send(memberships: readonly MirroredMembership[]): Promise<void>
  keepAwake(work: Promise<unknown>): void
  pause(ms: number): Promise<void>
  onFailure(error: unknown): void
  isActorStopped(error: unknown): boolean
}

const MAX_PAUSE_MS = 5_000
const ATTEMPTS = 10

export class MembershipMirror {
  readonly #ports: MirrorPorts
  readonly #mutex = new Mutex()
  /** Changes that are being stored or sent, or may be stored and were not sent. */
  #pending = 0
  #closed = false

  constructor(ports: MirrorPorts) {
    this.#ports = ports
  }

  /**
   * Runs a change, which stores `noteChanges` in its transaction. Resolves when it is durable and the directory has it,
   * or did not take it at once.
   */
  async run<T>(change: () => Promise<T>): Promise<T> {
    await this.#ports.reminder.ensure()
    this.#pending++
    try {
      return await change()
    } finally {
      this.#pending--
      await this.#firstAttempt()
    }
  }

  /** Sends what earlier activations have left. */
  resume(): void {
    this.#ports.keepAwake(this.#sendAll())
  }

  /** Returns true if nothing is left that needs the reminder. */
  close(): boolean {
    this.#closed = true
    return this.#pending === 0
  }

  async #firstAttempt(): Promise<void> {
    this.#pending++
    try {
      await this.#mutex.run(() => this.#send())
      this.#pending--
    } catch (error) {
      this.#pending--
      this.#ports.onFailure(error)
      this.resume()
    }
  }

  async #sendAll(): Promise<void> {
    this.#pending++
    for (let attempt = 0; attempt < ATTEMPTS && !this.#closed; attempt++) {
      try {
        await this.#mutex.run(() => this.#send())
        this.#pending--
        return
      } catch (error) {
        this.#ports.onFailure(error)
        if (this.#ports.isActorStopped(error)) return
        await this.#ports.pause(Math.min(MAX_PAUSE_MS, 50 * 2 ** attempt))
      }
    }
    // It stays pending, and with it the reminder, by which the account begins again.
  }

  async #send(): Promise<void> {
    const { sql } = this.#ports
    const changes = await sql.all<MirroredMembership>(
      'SELECT did, role, expires_at AS expiresAt FROM membership_change',
    )
    if (changes.length === 0) return
    await sql.durable()
    await this.#ports.send(changes)
    await sql.batch(
      changes.map(({ did, role, expiresAt }) => ({
        sql: 'DELETE FROM membership_change WHERE did = ? AND role IS ? AND expires_at IS ?',
        params: [did, role, expiresAt],
      })),
    )
  }
}

export function noteChanges(changes: readonly MirroredMembership[]): Statement[] {
  return changes.map(({ did, role, expiresAt }) => ({
    sql: 'INSERT OR REPLACE INTO membership_change (did, role, expires_at) VALUES (?, ?, ?)',
    params: [did, role, expiresAt],
  }))
}
