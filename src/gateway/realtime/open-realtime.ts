/**
 * dev.headwater.realtime: the events of accounts for the accounts themselves and their apps, over WebSockets and as
 * server-sent events, and channels. See docs/design/realtime.md.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { RealtimeStats } from '#src/gateway/operator/realtime-metrics.ts'
import {
  authenticateSubscriber,
  type PresentedCredentials,
  type SubscriberAuthPorts,
} from '#src/gateway/realtime/authenticate-subscriber.ts'
import { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'
import { ChannelClient } from '#src/gateway/realtime/channel-client.ts'
import { watchChannelRecords } from '#src/gateway/realtime/channel-records.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { JoinedChannels } from '#src/gateway/realtime/joined-channels.ts'
import type { ScopeSettings } from '#src/gateway/realtime/may-receive.ts'
import { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import { internalError } from '#src/gateway/realtime/subscriber-errors.ts'
import { Subscribers } from '#src/gateway/realtime/subscribers.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { Log } from '#src/log.ts'

export interface RealtimePorts extends SubscriberAuthPorts, ScopeSettings {
  dispatch: Pick<Dispatch, 'account' | 'authorization' | 'channels' | 'directory' | 'sequencer'>
  findAccount: FindAccount
  stream: EventStream
  /** Runs the check of credentials, counting those that fail by the caller's address. */
  countingFailures<T>(
    header: string | undefined,
    address: string,
    check: () => Promise<T>,
  ): Promise<T>
  /** Counts a message in channels, or a request for a subscription or channel. Throws 429. */
  count(what: 'message' | 'request', did: string, address: string): Promise<void>
  networkOf(address: string): string
  log: Log
  stallTimeoutMs: number
}

export interface OpenedSubscriber {
  subscriber: Subscriber
  joined: JoinedChannels
  /** Of the client. */
  address: string
}

export interface Realtime {
  readonly ports: RealtimePorts
  readonly subscribers: Subscribers
  readonly channels: ChannelClient
  readonly access: ChannelAccess
  /** The credentials of a request, checked as far as is possible without the account. Throws as `authenticateSubscriber`. */
  authenticate(presented: PresentedCredentials, address: string): Promise<Credential>
  /** A subscriber that may send. Throws as `Subscribers.add`. */
  open(options: {
    credential: Credential
    transport: Transport
    address: string
    perCommit: boolean
  }): Promise<OpenedSubscriber>
  readonly stats: RealtimeStats
  close(): void
}

const CHECK_INTERVAL_MS = 1_000

export function openRealtime(ports: RealtimePorts): Realtime {
  const { dispatch, findAccount, stream, log, clock } = ports
  const subscribers = new Subscribers({ dispatch, findAccount })
  const channels = new ChannelClient({ dispatch, log })
  const access = new ChannelAccess({ dispatch, findAccount, clock })
  const closedBy = new Map<string, number>()
  const stats: RealtimeStats = {
    counts: () => ({ subscribers: subscribers.all().length, members: channels.members }),
    eventsSent: 0,
    closedBy,
  }
  const records = watchChannelRecords({ stream, access, channels, log })
  access.onUse = records.start
  const unfollow = [
    stream.onPrivateEvent((event) => {
      subscribers.onEvent(event)
      const { kind, did, subject } = event
      if (kind === 'member' && subject !== undefined) records.onMember(did, subject)
    }),
    stream.onAccountEvent((event) => {
      subscribers.onEvent(event)
      records.onAccount(event.did)
    }),
  ]
  const checkTimer = setInterval(() => {
    const now = clock.now()
    const monotonicNow = performance.now()
    for (const subscriber of subscribers.all()) subscriber.check(now, monotonicNow)
  }, CHECK_INTERVAL_MS)
  checkTimer.unref()

  return {
    ...{ ports, subscribers, channels, access },
    authenticate: (presented, address) =>
      ports.countingFailures(presented.header, address, () =>
        authenticateSubscriber(ports, presented),
      ),
    async open({ credential, transport, address, perCommit }) {
      const subscriber = new Subscriber(
        {
          ...{ findAccount, stream },
          ...{ serviceDid: ports.serviceDid, preferencesAudience: ports.preferencesAudience },
          onEventsSent: (count) => {
            stats.eventsSent += count
          },
          onError: (err) => log.error({ err }, 'realtime subscription failed'),
        },
        { transport, credential, perCommit },
      )
      const joined = new JoinedChannels(
        {
          ...{ client: channels, access, clock, network: ports.networkOf(address) },
          ...{ serviceDid: ports.serviceDid, preferencesAudience: ports.preferencesAudience },
          count: (what, did) => ports.count(what, did, address),
        },
        subscriber,
      )
      subscriber.onEnd = () => {
        joined.close()
        const why = subscriber.ended?.error ?? 'Closed'
        closedBy.set(why, (closedBy.get(why) ?? 0) + 1)
      }
      try {
        await subscribers.add(subscriber)
      } catch (error) {
        subscriber.close(error instanceof XrpcError ? error : internalError())
        throw error
      }
      return { subscriber, joined, address }
    },
    stats,
    close() {
      clearInterval(checkTimer)
      for (const end of unfollow) end()
      records.close()
      for (const subscriber of subscribers.all()) subscriber.goAway()
      channels.close()
    },
  }
}
