/**
 * The second outbox of an account, of its private events. They are stored by plain statements in whatever transaction
 * does the thing, so the account's `Sql` looks for them: no caller has to know.
 *
 * 1. A batch that holds a private event waits until the directory has a reminder (`Reminder`).
 * 2. When it is committed, the events are read from the table and, when they are durable, delivered as by the other
 *    outbox.
 */
import { Outbox, type OutboxPorts } from '#src/account/outbox.ts'
import {
  isPrivateEvent,
  type PrivateEventRow,
  privateEventTable,
} from '#src/account/private-events.ts'
import type { Reminder } from '#src/account/reminder.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

export interface PrivateOutboxPorts extends Omit<OutboxPorts<PrivateEventRow>, 'table'> {
  reminder: Pick<Reminder, 'ensure'>
}

export class PrivateOutbox {
  /** The account's database: it stores private events as it stores everything else, and has them delivered. */
  readonly sql: Sql
  readonly #outbox: Outbox<PrivateEventRow>
  readonly #reminder: PrivateOutboxPorts['reminder']
  /** Transactions with private events whose end is not known yet. */
  #open = 0

  constructor({ reminder, ...ports }: PrivateOutboxPorts) {
    const { sql } = ports
    this.#reminder = reminder
    this.#outbox = new Outbox({ ...ports, table: privateEventTable })
    this.sql = {
      ...sql,
      batch: (statements) => this.#store(statements, (all) => sql.batch(all)),
      batchAndRead: (statements) => this.#store(statements, (all) => sql.batchAndRead(all)),
      commit: (statements) => this.#store(statements, (all) => sql.commit(all)),
    }
  }

  get backlog(): number {
    return this.#outbox.backlog
  }

  /** Delivers what earlier activations have left. */
  resume(): void {
    this.#outbox.resume()
  }

  settled(): Promise<void> {
    return this.#outbox.settled()
  }

  /** Returns true if nothing is left that needs the reminder. */
  close(): boolean {
    return this.#outbox.close() && this.#open === 0
  }

  async #store<T>(
    statements: readonly Statement[],
    run: (statements: readonly Statement[]) => Promise<T>,
  ): Promise<T> {
    if (!statements.some(isPrivateEvent)) return run(statements)
    this.#open++
    try {
      await this.#reminder.ensure()
      const result = await this.#run([...this.#outbox.deleteDelivered(), ...statements], run)
      this.#outbox.deliverStored()
      return result
    } finally {
      this.#open--
    }
  }

  async #run<T>(
    statements: readonly Statement[],
    run: (statements: readonly Statement[]) => Promise<T>,
  ): Promise<T> {
    try {
      return await run(statements)
    } catch (error) {
      this.#outbox.markUncertain()
      throw error
    }
  }
}
