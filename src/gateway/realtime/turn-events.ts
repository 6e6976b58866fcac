/**
 * The events that the subscriptions of a connection were given in one turn: one that several of them want is sent once,
 * with their names.
 */
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { commitText, eventText } from '#src/gateway/realtime/event-text.ts'
import type { PrivateFields } from '#src/gateway/realtime/may-receive.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'

interface Waiting {
  event: StreamEvent
  fields: PrivateFields | undefined
  ids: string[]
}

/** Of an event without its record. */
const EVENT_BYTES = 500

export class TurnEvents {
  readonly #waiting = new Map<StreamEvent, Waiting>()
  /** About what they take. */
  bytes = 0

  get size(): number {
    return this.#waiting.size
  }

  /** The subscription of the connection itself has the name ''. `fields` are those of a private event. */
  add(name: string, event: StreamEvent, fields: PrivateFields | undefined): void {
    const ids = name === '' ? [] : [name]
    const same = this.#waiting.get(event)
    if (same === undefined) {
      this.#waiting.set(event, { event, fields, ids })
      this.bytes += EVENT_BYTES + (event.commit?.recordBytes ?? 0)
    } else if (name !== '') same.ids.push(name)
  }

  /** Sends them in order, and forgets them; `perCommit`: the operations of a commit in one message. */
  send(transport: Transport, perCommit: boolean): void {
    const waiting = [...this.#waiting.values()].sort((a, b) => a.event.seq - b.event.seq)
    this.clear()
    for (let i = 0; i < waiting.length; ) i += sendNext(transport, perCommit, waiting, i)
  }

  clear(): void {
    this.#waiting.clear()
    this.bytes = 0
  }
}

/** Sends the event at `i`, or the commit that begins there; returns how many events that are. */
function sendNext(
  transport: Transport,
  perCommit: boolean,
  waiting: readonly Waiting[],
  i: number,
): number {
  const { event, fields, ids: own } = waiting[i]!
  const { kind, seq, did, commit } = event
  const ids = own.length === 0 ? undefined : own
  if (!perCommit || commit === undefined) {
    transport.message(kind, eventText(event, { ids, fields }), seq)
    return 1
  }
  const rest = waiting.slice(i)
  const next = rest.findIndex(
    (other) =>
      other.event.did !== did ||
      other.event.commit?.rev !== commit.rev ||
      other.ids.join() !== own.join(),
  )
  const operations = rest.slice(0, next === -1 ? rest.length : next).map((one) => one.event)
  transport.message('commit', commitText(operations, { ids }), operations.at(-1)!.seq)
  return operations.length
}
