/** The channels that one connection is in, and what it says there. */
import { randomUUID } from 'node:crypto'
import type { Channel, ChannelMessage } from '#src/channels/channels.ts'
import { XrpcError } from '#src/errors.ts'
import type { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'
import type { ChannelClient, ChannelMember } from '#src/gateway/realtime/channel-client.ts'
import { didOf } from '#src/gateway/realtime/credential.ts'
import { mustPublish, type ScopeSettings } from '#src/gateway/realtime/may-receive.ts'
import type { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import type { Clock } from '#src/ports/clock.ts'

/** When it could not be found out whether a member may stay. */
const RECHECK_MS = 2_000
/** Node's timers have an end. */
const MAX_TIMER_MS = 24 * 60 * 60 * 1000

export interface JoinedChannelsPorts extends ScopeSettings {
  client: ChannelClient
  access: ChannelAccess
  clock: Clock
  /** Throws 429. */
  count(what: 'message' | 'request', did: string): Promise<void>
  /** Of the caller. */
  network: string | undefined
}

export class JoinedChannels {
  readonly #ports: JoinedChannelsPorts
  readonly #subscriber: Subscriber
  readonly #byId = new Map<string, ChannelMember>()
  readonly #timers = new WeakMap<ChannelMember, NodeJS.Timeout>()

  constructor(ports: JoinedChannelsPorts, subscriber: Subscriber) {
    this.#ports = ports
    this.#subscriber = subscriber
  }

  /** Joins, or changes the state of a channel that it is in. `state` is JSON. Throws as `mustBeAllowed`, and 503, 429. */
  async join(id: string, channel: Channel, state: string): Promise<void> {
    const known = this.#byId.get(id)
    const isSame = known?.channel.did === channel.did && known.channel.name === channel.name
    const did = await this.#mustPublish(isSame ? 'message' : 'request')
    if (!isSame) {
      if (known === undefined) this.#subscriber.mustNotBeFull()
      await this.#ports.access.mustBeAllowed(channel, did, this.#ports.network)
      if (known !== undefined) this.#remove(id, known)
    }
    const member: ChannelMember = isSame
      ? known
      : {
          id: randomUUID(),
          channel,
          did,
          state,
          onMessage: (message) => this.#pass(member, message),
          onAccessChange: () => void this.#checkAccess(member),
        }
    member.state = state
    const { present, total } = await this.#ports.client.join(member)
    // It has gone, or was let out, meanwhile.
    if (this.#subscriber.ended !== undefined) return this.#ports.client.leave(member)
    this.#byId.set(id, member)
    this.#subscriber.joinedChannels = this.#byId.size
    const all = present.map((one) => ({ did: one.did, state: JSON.parse(one.state) as object }))
    this.#subscriber.send('joined', { id, channel, present: all, total })
    // A change of the access while it joined was not noticed.
    if (!isSame) await this.#checkAccess(member)
  }

  leave(id: string, error?: { error: string; message: string }): void {
    const member = this.#byId.get(id)
    if (member !== undefined) this.#remove(id, member)
    this.#subscriber.send('left', {
      id,
      ...(error && { error: error.error, message: error.message }),
    })
  }

  async publish(channel: Channel, body: string): Promise<void> {
    const did = await this.#mustPublish('message')
    await this.#ports.access.mustBeAllowed(channel, did, this.#ports.network)
    await this.#ports.client.publish(channel, did, body)
  }

  /** Leaves the channel unless it may still be in it. */
  async #checkAccess(member: ChannelMember): Promise<void> {
    const id = [...this.#byId].find(([, one]) => one === member)?.[0]
    if (id === undefined) return
    try {
      const until = await this.#ports.access.mustBeAllowed(member.channel, member.did, undefined)
      if (until !== undefined) this.#checkAt(member, until)
    } catch (error) {
      const isRefusal = error instanceof XrpcError && error.status < 500
      if (isRefusal) this.leave(id, { error: 'NotAllowed', message: error.message })
      else setTimeout(() => void this.#checkAccess(member), RECHECK_MS).unref()
    }
  }

  /** A membership that has an end ends without an event. */
  #checkAt(member: ChannelMember, time: number): void {
    clearTimeout(this.#timers.get(member))
    const ms = Math.min(MAX_TIMER_MS, Math.max(1, time - this.#ports.clock.now()))
    const timer = setTimeout(() => void this.#checkAccess(member), ms).unref()
    this.#timers.set(member, timer)
  }

  close(): void {
    for (const [id, member] of this.#byId) this.#remove(id, member)
  }

  /** Counts also what is refused for its credential. */
  async #mustPublish(counted: 'message' | 'request'): Promise<string> {
    const { credential } = this.#subscriber
    const { countedDid } = this.#subscriber
    if (countedDid !== undefined) await this.#ports.count(counted, countedDid)
    mustPublish(credential, this.#ports)
    return didOf(credential)!
  }

  #remove(id: string, member: ChannelMember): void {
    this.#byId.delete(id)
    clearTimeout(this.#timers.get(member))
    this.#subscriber.joinedChannels = this.#byId.size
    this.#ports.client.leave(member)
  }

  /** At most once: a connection that reads too slowly misses messages. */
  #pass({ channel }: ChannelMember, message: ChannelMessage): void {
    if (!this.#subscriber.hasRoom) return
    const { from } = message
    if (message.type === 'ephemeral') {
      const { body, time } = message
      this.#subscriber.send('ephemeral', { channel, from, body: JSON.parse(body) as unknown, time })
    } else {
      const state = message.state === null ? null : (JSON.parse(message.state) as object)
      this.#subscriber.send('presence', { channel, from, state })
    }
  }
}
