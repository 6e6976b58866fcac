/** A connection on which each channel is joined once: the server would send a message to each join. */
import type { Connection, ConnectionEvents } from './connection.ts'
import {
  type ChannelName,
  type ClientMessage,
  DEFAULT_CHANNEL,
  type ServerMessage,
} from './messages.ts'

interface Joined {
  /** The id by which the server knows the join. */
  id: string
  members: Set<string>
  /** The server has said so: a refusal is of a later state. */
  isConfirmed?: boolean
}

/** `connect` makes the connection; joins and leaves of the same channel are merged on it. */
export function mergeJoins(
  connect: (events: ConnectionEvents) => Connection,
  events: ConnectionEvents,
): Connection {
  const byChannel = new Map<string, Joined>()

  const connection = connect({
    onState(state, error) {
      if (state !== 'open') byChannel.clear()
      events.onState(state, error)
    },
    onMessage(message) {
      for (const one of messagesToMembers(byChannel, message)) events.onMessage(one)
    },
  })

  function join(message: ClientMessage & { type: 'join' }) {
    const key = keyOf(message.channel)
    const joined = byChannel.get(key) ?? { id: message.id, members: new Set() }
    byChannel.set(key, joined)
    joined.members.add(message.id)
    connection.send({ ...message, id: joined.id })
  }

  function leave(id: string) {
    for (const [key, joined] of byChannel) {
      if (!joined.members.delete(id) || joined.members.size > 0) continue
      byChannel.delete(key)
      connection.send({ type: 'leave', id: joined.id })
    }
  }

  return {
    start: () => connection.start(),
    send(message) {
      if (message.type === 'join') join(message)
      else if (message.type === 'leave') leave(message.id)
      else connection.send(message)
    },
    close: () => connection.close(),
  }
}

/** What the server says of a join goes to each member, and ends all of them if the server does not let the account in. */
function messagesToMembers(
  byChannel: Map<string, Joined>,
  message: ServerMessage,
): readonly ServerMessage[] {
  const { type, id } = message
  if (!['joined', 'left', 'refused'].includes(type)) return [message]
  const found = [...byChannel].find(([, joined]) => joined.id === id)
  if (found === undefined) return [message]
  const [key, joined] = found
  if (type === 'joined') joined.isConfirmed = true
  else if (type === 'left' || joined.isConfirmed !== true) byChannel.delete(key)
  return [...joined.members].map((member) => ({ ...message, id: member }))
}

function keyOf({ did, name = DEFAULT_CHANNEL }: ChannelName): string {
  return `${did} ${name}`
}
