/**
 * This process's part in the channels: its members, and one call to each shard that waits for their messages, which is
 * made only while there are members.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Channel, ChannelMessage, PresentAccounts } from '#src/channels/channels.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { channelShardOf } from '#src/gateway/realtime/channel-shards.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** A connection that is in a channel. */
export interface ChannelMember {
  readonly id: string
  readonly channel: Channel
  readonly did: string
  state: string
  onMessage(message: ChannelMessage): void
  /** Who may be in the channel may have changed. */
  onAccessChange(): void
}

interface ShardMembers {
  /** The name of this process there; another one after all members have left, so that nothing old is waiting. */
  readonly follower: string
  readonly byId: Map<string, ChannelMember>
  /** By the account and the name of the channel. */
  readonly byChannel: Map<string, Map<string, Set<ChannelMember>>>
}

const WAIT_MS = 20_000
/** A third of the time after which a member counts as gone. */
const RENEW_MS = 10_000
const RETRY_MS = 500
const MAX_SEEN = 5_000

export interface ChannelClientPorts {
  dispatch: Pick<Dispatch, 'channels'>
  log: Pick<Log, 'warn'>
  renewMs?: number
}

export class ChannelClient {
  readonly #ports: ChannelClientPorts
  readonly #shards = new Map<string, ShardMembers>()
  readonly #seen = new BoundedMap<string, true>(MAX_SEEN)
  readonly #closing = new AbortController()
  readonly #renewTimer: NodeJS.Timeout

  constructor(ports: ChannelClientPorts) {
    this.#ports = ports
    this.#renewTimer = setInterval(() => void this.#renewAll(), ports.renewMs ?? RENEW_MS)
    this.#renewTimer.unref()
  }

  get members(): number {
    return [...this.#shards.values()].reduce((sum, { byId }) => sum + byId.size, 0)
  }

  /** Joins, or changes the state of a member that is in already. Throws as the action `join`. */
  async join(member: ChannelMember): Promise<PresentAccounts> {
    const shard = channelShardOf(member.channel)
    const isNew = this.#keep(shard, member)
    try {
      return await this.#join(shard, this.#shards.get(shard)!.follower, member)
    } catch (error) {
      if (isNew) this.#forget(shard, member)
      throw error
    }
  }

  leave(member: ChannelMember): void {
    const shard = channelShardOf(member.channel)
    this.#forget(shard, member)
    this.#shard(shard)
      .leave({ member: member.id })
      // It expires.
      .catch(() => {})
  }

  publish(channel: Channel, from: string, body: string): Promise<void> {
    const shard = this.#shard(channelShardOf(channel))
    return shard.publish({ id: randomUUID(), channel, from, body })
  }

  all(): ChannelMember[] {
    return [...this.#shards.values()].flatMap(({ byId }) => [...byId.values()])
  }

  /** The members of this process in a channel. */
  membersIn(channel: Channel): ChannelMember[] {
    const members = this.#shards.get(channelShardOf(channel))
    return [...(members?.byChannel.get(channel.did)?.get(channel.name) ?? [])]
  }

  /** The members of this process in the channels of an account. */
  membersOf(did: string): ChannelMember[] {
    const own = this.#shards.get(channelShardOf({ did }))?.byChannel.get(did)
    return [...(own?.values() ?? [])].flatMap((members) => [...members])
  }

  close(): void {
    clearInterval(this.#renewTimer)
    this.#closing.abort()
  }

  #shard(shard: string) {
    return this.#ports.dispatch.channels(shard).channels
  }

  #join(shard: string, follower: string, { id: member, channel, did, state }: ChannelMember) {
    return this.#shard(shard).join({ follower, channel, member, did, state })
  }

  #keep(shard: string, member: ChannelMember): boolean {
    const known = this.#shards.get(shard)
    const members = known ?? { follower: randomUUID(), byId: new Map(), byChannel: new Map() }
    if (members.byId.has(member.id)) return false
    members.byId.set(member.id, member)
    const { did, name } = member.channel
    const own = members.byChannel.get(did) ?? new Map<string, Set<ChannelMember>>()
    members.byChannel.set(did, own.set(name, (own.get(name) ?? new Set()).add(member)))
    this.#shards.set(shard, members)
    if (known === undefined) void this.#follow(shard, members)
    return true
  }

  #forget(shard: string, member: ChannelMember): void {
    const members = this.#shards.get(shard)
    if (members === undefined || !members.byId.delete(member.id)) return
    const { did, name } = member.channel
    const own = members.byChannel.get(did)
    const others = own?.get(name)
    others?.delete(member)
    if (others?.size === 0) own?.delete(name)
    if (own?.size === 0) members.byChannel.delete(did)
    if (members.byId.size === 0) this.#shards.delete(shard)
  }

  /** Until the last member has left. */
  async #follow(shard: string, members: ShardMembers): Promise<void> {
    const { signal } = this.#closing
    let at = { epoch: '', last: 0 }
    while (members.byId.size > 0 && !signal.aborted) {
      try {
        const { epoch, last: after } = at
        const given = { follower: members.follower, epoch, after, waitMs: WAIT_MS }
        const page = await this.#shard(shard).follow(given)
        if (page.epoch !== epoch && epoch !== '')
          await this.#joinAgain(shard, members, [...members.byId.keys()])
        at = page
        for (const message of page.messages) this.#deliver(members, message)
      } catch (error) {
        this.#ports.log.warn({ err: error, shard }, 'following channels failed, will be retried')
        await pause(RETRY_MS, undefined, { signal, ref: false }).catch(() => {})
      }
    }
  }

  #deliver(members: ShardMembers, message: ChannelMessage): void {
    if (message.type === 'ephemeral') {
      if (this.#seen.has(message.id)) return
      this.#seen.set(message.id, true)
    }
    const { did, name } = message.channel
    for (const member of members.byChannel.get(did)?.get(name) ?? []) {
      member.onMessage(message)
    }
  }

  async #renewAll(): Promise<void> {
    await Promise.all(
      [...this.#shards].map(async ([shard, members]) => {
        const { follower, byId } = members
        const known = { follower, members: [...byId.keys()] }
        const { unknown } = await this.#shard(shard).renew(known)
        await this.#joinAgain(shard, members, unknown)
      }),
    ).catch((err: unknown) => this.#ports.log.warn({ err }, 'renewing presence failed'))
  }

  async #joinAgain(
    shard: string,
    { follower, byId }: ShardMembers,
    ids: readonly string[],
  ): Promise<void> {
    const members = ids.flatMap((id) => byId.get(id) ?? [])
    await Promise.all(members.map((one) => this.#join(shard, follower, one).catch(() => {})))
  }
}
