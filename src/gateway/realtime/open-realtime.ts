/**
 * dev.headwater.realtime: the events of accounts for the accounts themselves and their apps, over WebSockets and as
 * server-sent events, and channels. See docs/design/realtime.md.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { RealtimeStats } from '#src/gateway/operator/realtime-metrics.ts'
import {
  authenticateListener,
  type ListenerAuthPorts,
  type PresentedCredentials,
} from '#src/gateway/realtime/authenticate-listener.ts'
import { ChannelAccess } from '#src/gateway/realtime/channel-access.ts'
import { ChannelClient } from '#src/gateway/realtime/channel-client.ts'
import { ChannelPlaces } from '#src/gateway/realtime/channel-places.ts'
import { watchChannelRecords } from '#src/gateway/realtime/channel-records.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { Listener } from '#src/gateway/realtime/listener.ts'
import { internalError } from '#src/gateway/realtime/listener-errors.ts'
import { Listeners } from '#src/gateway/realtime/listeners.ts'
import type { ScopeSettings } from '#src/gateway/realtime/may-hear.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { Log } from '#src/log.ts'

export interface RealtimePorts extends ListenerAuthPorts, ScopeSettings {
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

export interface OpenedListener {
  listener: Listener
  places: ChannelPlaces
  /** Of the client. */
  address: string
}

export interface Realtime {
  readonly ports: RealtimePorts
  readonly listeners: Listeners
  readonly channels: ChannelClient
  readonly access: ChannelAccess
  /** The credentials of a request, checked as far as is possible without the account. Throws as `authenticateListener`. */
  authenticate(presented: PresentedCredentials, address: string): Promise<Credential>
  /** A listener that may send. Throws as `Listeners.add`. */
  open(options: {
    credential: Credential
    transport: Transport
    address: string
    perCommit: boolean
  }): Promise<OpenedListener>
  readonly stats: RealtimeStats
  close(): void
}

const CHECK_INTERVAL_MS = 1_000

export function openRealtime(ports: RealtimePorts): Realtime {
  const { dispatch, findAccount, stream, log, clock } = ports
  const listeners = new Listeners({ dispatch, findAccount })
  const channels = new ChannelClient({ dispatch, log })
  const access = new ChannelAccess({ dispatch, findAccount })
  const closedBy = new Map<string, number>()
  const stats: RealtimeStats = {
    counts: () => ({ listeners: listeners.all().length, members: channels.members }),
    eventsSent: 0,
    closedBy,
  }
  const records = watchChannelRecords({ stream, access, channels, log })
  access.onUse = records.start
  const stopListening = stream.onPrivateEvent((event: StreamEvent) => {
    listeners.onEvent(event)
    if (event.kind === 'account') records.onAccount(event.did)
  })
  const checkTimer = setInterval(() => {
    const now = clock.now()
    const monotonicNow = performance.now()
    for (const listener of listeners.all()) listener.check(now, monotonicNow)
  }, CHECK_INTERVAL_MS)
  checkTimer.unref()

  return {
    ...{ ports, listeners, channels, access },
    authenticate: (presented, address) =>
      ports.countingFailures(presented.header, address, () =>
        authenticateListener(ports, presented),
      ),
    async open({ credential, transport, address, perCommit }) {
      const listener = new Listener(
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
      const places = new ChannelPlaces(
        {
          ...{ client: channels, access, network: ports.networkOf(address) },
          ...{ serviceDid: ports.serviceDid, preferencesAudience: ports.preferencesAudience },
          count: (what, did) => ports.count(what, did, address),
        },
        listener,
      )
      listener.onEnd = () => {
        places.close()
        const why = listener.ended?.error ?? 'Closed'
        closedBy.set(why, (closedBy.get(why) ?? 0) + 1)
      }
      try {
        await listeners.add(listener)
      } catch (error) {
        listener.close(error instanceof XrpcError ? error : internalError())
        throw error
      }
      return { listener, places, address }
    },
    stats,
    close() {
      clearInterval(checkTimer)
      stopListening()
      records.close()
      for (const listener of listeners.all()) listener.goAway()
      channels.close()
    },
  }
}
