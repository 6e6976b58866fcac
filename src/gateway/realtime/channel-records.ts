/** Follows the records that say who may join channels, and has members checked whose channel's record has changed. */
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'
import type { ChannelClient, ChannelMember } from '#src/gateway/realtime/channel-client.ts'
import type { Log } from '#src/log.ts'
import { CHANNEL } from '#src/protocol/realtime-names.ts'

export interface ChannelRecordsPorts {
  stream: EventStream
  access: ChannelAccess
  channels: ChannelClient
  log: Pick<Log, 'error'>
}

const RETRY_MS = 1_000

export interface WatchedChannelRecords {
  /** Begins with the first call, and goes on: what was read before is forgotten then. */
  start(): void
  /** The account's state has changed. */
  onAccount(did: string): void
  /** A membership of the group has changed. */
  onMember(group: string, member: string): void
  close(): void
}

export function watchChannelRecords(ports: ChannelRecordsPorts): WatchedChannelRecords {
  const { stream, access, channels, log } = ports
  let subscription: { close(): void } | undefined
  let isClosed = false

  function recheck(members: readonly ChannelMember[]): void {
    for (const member of members) member.onAccessChange()
  }

  function onRecord({ did, commit }: StreamEvent): void {
    const name = commit!.rkey
    access.forget(did, name)
    recheck(channels.membersIn({ did, name }))
  }

  function restart(error?: unknown): void {
    if (error !== undefined) log.error({ err: error }, 'following channel records failed')
    subscription = undefined
    if (isClosed) return
    setTimeout(start, RETRY_MS).unref()
  }

  function start(): void {
    if (subscription !== undefined || isClosed) return
    access.forgetAll()
    const filter = {
      kinds: new Set(['commit']),
      collections: { nsids: new Set([CHANNEL]), prefixes: new Set<string>() },
    }
    subscription = stream.subscribe({
      filter,
      sink: {
        send({ events }) {
          for (const event of events) onRecord(event)
          return true
        },
        onTooSlow: () => restart(),
        onError: restart,
      },
    })
    recheck(channels.all())
  }

  return {
    start,
    onAccount(did) {
      access.forget(did)
      recheck(channels.membersOf(did))
    },
    onMember(group, member) {
      access.forgetMember(group, member)
      recheck(channels.membersOf(group).filter(({ did }) => did === member))
    },
    close() {
      isClosed = true
      subscription?.close()
    },
  }
}
