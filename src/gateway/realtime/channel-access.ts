/**
 * Who may join a channel: the account that it belongs to, those whom that account's record names and, unless it names
 * any, the members of a group.
 */
import type { Channel } from '#src/channels/channels.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { type Access, AccessCache } from '#src/gateway/realtime/access-cache.ts'
import { GroupMembers, notAllowed } from '#src/gateway/realtime/group-members.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { Clock } from '#src/ports/clock.ts'
import { CHANNEL } from '#src/protocol/realtime-names.ts'

export interface ChannelAccessPorts {
  dispatch: Pick<Dispatch, 'account' | 'directory'>
  findAccount: FindAccount
  clock: Clock
}

const MAX_MEMBERS = 500

export class ChannelAccess {
  readonly #ports: ChannelAccessPorts
  readonly #cached = new AccessCache()
  readonly #members: GroupMembers
  #changes = 0
  /** Called before anything is read: from then on `forget` must be called for changes. */
  onUse = () => {}

  constructor(ports: ChannelAccessPorts) {
    this.#ports = ports
    this.#members = new GroupMembers(ports)
  }

  /** Of everything that was read. */
  forgetAll(): void {
    this.#changes += 1
    this.#cached.clear()
    this.#members.clear()
  }

  /**
   * `network` is the caller's. Resolves with the moment until which it may, or undefined. Throws 400 ChannelNotFound, and
   * 403 NotAllowed.
   */
  async mustBeAllowed(
    channel: Channel,
    did: string,
    network: string | undefined,
  ): Promise<number | undefined> {
    if ((await this.#ports.findAccount(channel.did)) === undefined) {
      throw invalidRequest('The channel is not of an account of this server', 'ChannelNotFound')
    }
    if (channel.did === did) return undefined
    const access = await this.#accessOf(channel, network)
    if (access === 'group') return this.#members.mustBeMember(channel.did, did, network)
    if (access !== 'everyone' && !access.has(did)) throw notAllowed()
    return undefined
  }

  /** Call this for each change of the record, and without a name for any of the account's state. */
  forget(did: string, name?: string): void {
    this.#changes += 1
    if (name !== undefined) this.#cached.delete({ did, name })
    else {
      this.#cached.deleteOf(did)
      this.#members.forget(did)
    }
  }

  /** Call this for each change of a membership. */
  forgetMember(group: string, member: string): void {
    this.#members.forget(group, member)
  }

  async #accessOf(channel: Channel, network: string | undefined): Promise<Access> {
    this.onUse()
    const known = this.#cached.get(channel)
    if (known !== undefined) return known
    const changes = this.#changes
    const access = await this.#read(channel, network)
    // What was read may be older than a change that `forget` was called for meanwhile.
    if (changes === this.#changes) this.#cached.set(channel, access)
    return access
  }

  async #read({ did, name }: Channel, network: string | undefined): Promise<Access> {
    const found = await this.#ports.dispatch
      .account(did, network)
      .repo.getRecord({ collection: CHANNEL, rkey: name })
      .catch((error: unknown) => {
        // No record, or the account is not active.
        if (error instanceof XrpcError && error.status === 400) return undefined
        throw error
      })
    if (found === undefined) return 'group'
    return accessOf((JSON.parse(found.json) as { value: object }).value)
  }
}

function accessOf(record: { access?: unknown; members?: unknown }): Access {
  if (record.access === 'everyone') return 'everyone'
  const { access, members = 'group' } = record
  if (access !== 'members') return new Set()
  if (!Array.isArray(members)) return members === 'group' ? 'group' : new Set()
  return new Set(members.slice(0, MAX_MEMBERS))
}
