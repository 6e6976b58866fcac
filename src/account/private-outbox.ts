/**
 * The second outbox of an account, of its private events. They are stored by plain statements in whatever transaction
 * does the thing, so the account's `Sql` looks for them: no caller has to know.
 *
 * 1. A batch that holds a private event waits until the directory has a reminder (`Reminder`).
 * 2. When it is durable, the events are read from the table and delivered, as by the other outbox.
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
  readonly #inner: Sql
  readonly #outbox: Outbox<PrivateEventRow>
  readonly #ports: Pick<PrivateOutboxPorts, 'reminder' | 'keepAwake'>
  /** Transactions with private events whose end is not known yet. */
  #open = 0
  /** Committed ones that are not durable yet. */
  #becomingDurable: Promise<unknown> = Promise.resolve()

  constructor({ reminder, ...ports }: PrivateOutboxPorts) {
    const { sql, keepAwake } = ports
    this.#inner = sql
    this.#ports = { reminder, keepAwake }
    this.#outbox = new Outbox({ ...ports, table: privateEventTable })
    this.sql = {
      ...sql,
      batch: (statements) => this.#store(statements, (all) => sql.batch(all)),
      batchAndRead: (statements) => this.#store(statements, (all) => sql.batchAndRead(all)),
      commit: (statements) => this.#commit(statements),
    }
  }

  get backlog(): number {
    return this.#outbox.backlog
  }

  /** Delivers what earlier activations have left. */
  resume(): void {
    this.#outbox.resume()
  }

  async settled(): Promise<void> {
    await this.#becomingDurable
    await this.#outbox.settled()
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
    return this.#whileOpen(async () => {
      const result = await this.#run(statements, run)
      this.#outbox.deliverStored()
      return result
    })
  }

  async #commit(statements: readonly Statement[]): Promise<void> {
    if (!statements.some(isPrivateEvent)) return this.#inner.commit(statements)
    const committed = this.#run(statements, (all) => this.#inner.commit(all))
    const delivering = this.#whileOpen(async () => {
      await committed
      await this.#inner.durable()
      this.#outbox.deliverStored()
    })
    this.#becomingDurable = Promise.allSettled([this.#becomingDurable, delivering])
    this.#ports.keepAwake(this.#becomingDurable)
    return committed
  }

  async #run<T>(
    statements: readonly Statement[],
    run: (statements: readonly Statement[]) => Promise<T>,
  ): Promise<T> {
    await this.#ports.reminder.ensure()
    try {
      return await run([...this.#outbox.deleteDelivered(), ...statements])
    } catch (error) {
      this.#outbox.markUncertain()
      throw error
    }
  }

  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#open++
    try {
      return await work()
    } finally {
      this.#open--
    }
  }
}
