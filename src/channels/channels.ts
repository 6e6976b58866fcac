/**
 * A shard of the channels: who is in each one now, and the messages that are under way to the gateways. In memory only:
 * a message reaches each member at most once, and those who are in a channel join again after a restart.
 */
import { randomUUID } from 'node:crypto'
import { Follower } from '#src/channels/follower.ts'
import { XrpcError } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

/** `did` is the account that decides who may join, `name` one of its channels. */
export interface Channel {
  did: string
  name: string
}

/** JSON texts: what they say is up to the clients. `state` is null if the account has left. */
export type ChannelMessage =
  | { type: 'ephemeral'; id: string; channel: Channel; from: string; body: string; time: string }
  | { type: 'presence'; channel: Channel; from: string; state: string | null }

/** One connection that is in a channel. */
interface Member {
  did: string
  state: string
  follower: string
  expiresAt: number
}

interface Members {
  channel: Channel
  byId: Map<string, Member>
}

export interface ChannelBounds {
  channels: number
  members: number
  membersPerChannel: number
  membersPerAccount: number
  /** Characters of all states. */
  stateLength: number
}

export interface Channels {
  readonly clock: Clock
  readonly timer: Timer
  readonly bounds: ChannelBounds
  /** Another one after each restart: the gateways must join again. */
  readonly epoch: string
  readonly byKey: Map<string, Members>
  /** The channel of each member. */
  readonly keyOfMember: Map<string, string>
  readonly countByAccount: Map<string, number>
  readonly followers: Map<string, Follower>
  stateLength: number
  cancelSweep: (() => void) | undefined
}

/** As long as an account that does not renew counts as present. */
export const PRESENCE_MS = 30_000
/** Characters of the DIDs and states in one answer. */
export const MAX_PRESENT_LENGTH = 128_000
const SWEEP_MS = 5_000
const FOLLOWER_IDLE_MS = 60_000

const defaultBounds: ChannelBounds = {
  channels: 10_000,
  members: 20_000,
  membersPerChannel: 1_000,
  membersPerAccount: 200,
  stateLength: 8_000_000,
}

export function openChannels({
  clock,
  timer,
  bounds = defaultBounds,
}: {
  clock: Clock
  timer: Timer
  bounds?: ChannelBounds
}): Channels {
  return {
    ...{ clock, timer, bounds, epoch: randomUUID(), byKey: new Map(), keyOfMember: new Map() },
    ...{ countByAccount: new Map(), followers: new Map(), stateLength: 0, cancelSweep: undefined },
  }
}

export function closeChannels(channels: Channels): void {
  channels.cancelSweep?.()
  channels.cancelSweep = undefined
  for (const follower of channels.followers.values()) follower.close()
}

export interface Present {
  did: string
  state: string
}

/** `total` accounts are in the channel; `present` ends where their states together would be too long. */
export interface PresentAccounts {
  present: Present[]
  total: number
}

/**
 * Adds a member, or changes its state; the others are notified. Returns who is in the channel. `member` is made by the
 * gateway `follower`. Throws 503 ChannelFull, and 429 for too many of one account.
 */
export async function join(
  channels: Channels,
  input: { follower: string; channel: Channel; member: string; did: string; state: string },
): Promise<PresentAccounts & { epoch: string }> {
  const { follower, channel, member: id, did, state } = input
  const key = keyOf(channel)
  const members = channels.byKey.get(key) ?? { channel, byId: new Map() }
  const known = members.byId.get(id)
  const added = state.length - (known?.state.length ?? 0)
  mustHaveRoom(channels, members, { did, isNew: known === undefined, added })
  channels.byKey.set(key, members)
  channels.keyOfMember.set(id, key)
  channels.stateLength += added
  if (known === undefined) countAccount(channels, did, 1)
  const expiresAt = channels.clock.now() + PRESENCE_MS
  members.byId.set(id, { did, state, follower, expiresAt })
  followerOf(channels, follower)
  if (known?.state !== state) {
    send(channels, members, { type: 'presence', channel, from: did, state })
  }
  sweepLater(channels)
  return { epoch: channels.epoch, ...presentIn(members) }
}

export async function leave(channels: Channels, { member }: { member: string }): Promise<void> {
  remove(channels, member)
}

/** Returns the members that are not known here, and must join again. */
export async function renew(
  channels: Channels,
  { follower, members }: { follower: string; members: readonly string[] },
): Promise<{ unknown: string[] }> {
  followerOf(channels, follower)
  const expiresAt = channels.clock.now() + PRESENCE_MS
  const unknown = members.filter((id) => {
    const member = channels.byKey.get(channels.keyOfMember.get(id) ?? '')?.byId.get(id)
    if (member !== undefined) member.expiresAt = expiresAt
    return member === undefined
  })
  return { unknown }
}

/** To everyone in the channel; the gateways drop a message whose `id` they have seen. */
export async function publish(
  channels: Channels,
  { id, channel, from, body }: { id: string; channel: Channel; from: string; body: string },
): Promise<void> {
  const members = channels.byKey.get(keyOf(channel))
  if (members === undefined) return
  const time = new Date(channels.clock.now()).toISOString()
  send(channels, members, { type: 'ephemeral', id, channel, from, body, time })
}

export async function present(channels: Channels, channel: Channel): Promise<Present[]> {
  const members = channels.byKey.get(keyOf(channel))
  return members === undefined ? [] : presentIn(members).present
}

/**
 * The messages after `after` for a gateway, as soon as there are any, and after `waitMs` at the latest. `last` is the
 * next `after`, which counts only in the same epoch.
 */
export async function follow(
  channels: Channels,
  input: { follower: string; epoch: string; after: number; waitMs: number },
): Promise<{ epoch: string; last: number; messages: ChannelMessage[] }> {
  const { clock, timer, epoch } = channels
  if (input.epoch !== epoch) return { epoch, last: 0, messages: [] }
  const { after, waitMs } = input
  const follower = followerOf(channels, input.follower)
  await follower.waitPast(after, (run) => timer(waitMs, run))
  follower.seenAt = clock.now()
  return { epoch, ...follower.take(after) }
}

function followerOf({ followers, clock }: Channels, id: string): Follower {
  const follower = followers.get(id) ?? new Follower()
  followers.set(id, follower)
  follower.seenAt = clock.now()
  return follower
}

/** Once to each gateway that has members in the channel. */
function send(channels: Channels, { byId }: Members, message: ChannelMessage): void {
  const ids = new Set([...byId.values()].map(({ follower }) => follower))
  for (const id of ids) channels.followers.get(id)?.add(message)
}

/** Of an account with several members, the state that was set last. */
function presentIn({ byId }: Members): PresentAccounts {
  const states = new Map([...byId.values()].map(({ did, state }) => [did, state]))
  let length = 0
  const present: Present[] = []
  for (const [did, state] of states) {
    length += did.length + state.length
    if (length > MAX_PRESENT_LENGTH) break
    present.push({ did, state })
  }
  return { present, total: states.size }
}

function remove(channels: Channels, id: string): void {
  const key = channels.keyOfMember.get(id)
  const members = key === undefined ? undefined : channels.byKey.get(key)
  const member = members?.byId.get(id)
  if (key === undefined || members === undefined || member === undefined) return
  channels.keyOfMember.delete(id)
  members.byId.delete(id)
  channels.stateLength -= member.state.length
  countAccount(channels, member.did, -1)
  if (members.byId.size === 0) channels.byKey.delete(key)
  if ([...members.byId.values()].some(({ did }) => did === member.did)) return
  const { channel } = members
  send(channels, members, { type: 'presence', channel, from: member.did, state: null })
}

function countAccount({ countByAccount }: Channels, did: string, change: number): void {
  const count = (countByAccount.get(did) ?? 0) + change
  if (count === 0) countByAccount.delete(did)
  else countByAccount.set(did, count)
}

function mustHaveRoom(
  { bounds, byKey, keyOfMember, countByAccount, stateLength }: Channels,
  { byId }: Members,
  { did, isNew, added }: { did: string; isNew: boolean; added: number },
): void {
  const isOfTooMany = isNew && (countByAccount.get(did) ?? 0) >= bounds.membersPerAccount
  if (isOfTooMany) {
    throw new XrpcError(429, 'RateLimitExceeded', 'The account is in too many channels')
  }
  const isFull =
    (byId.size === 0 && byKey.size >= bounds.channels) ||
    (isNew && keyOfMember.size >= bounds.members) ||
    (isNew && byId.size >= bounds.membersPerChannel) ||
    stateLength + added > bounds.stateLength
  if (isFull) throw new XrpcError(503, 'ChannelFull', 'There is no room in the channel')
}

function sweepLater(channels: Channels): void {
  channels.cancelSweep ??= channels.timer(SWEEP_MS, () => {
    channels.cancelSweep = undefined
    sweep(channels)
    if (channels.keyOfMember.size > 0 || channels.followers.size > 0) sweepLater(channels)
  })
}

function sweep(channels: Channels): void {
  const now = channels.clock.now()
  for (const { byId } of [...channels.byKey.values()]) {
    for (const [id, { expiresAt }] of [...byId]) if (expiresAt <= now) remove(channels, id)
  }
  for (const [id, follower] of channels.followers) {
    if (now - follower.seenAt < FOLLOWER_IDLE_MS) continue
    follower.close()
    channels.followers.delete(id)
  }
}

function keyOf({ did, name }: Channel): string {
  return `${did} ${name}`
}
