/** Everything that is streamed to WebSockets: one follower of the sequencer, and the endpoints that its events go to. */
import type { IncomingMessage, Server } from 'node:http'
import type { XrpcError } from '#src/errors.ts'
import { EventStream, isHidden } from '#src/gateway/events/event-stream.ts'
import type { EventSource } from '#src/gateway/events/replay.ts'
import { FanOut, type LogSource } from '#src/gateway/firehose/fan-out.ts'
import {
  type Firehose,
  subscribeRepos,
  subscribeReposPath,
} from '#src/gateway/firehose/subscribe-repos.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import { attachUpgrades } from '#src/gateway/http/upgrades.ts'
import { type Jetstream, openJetstream } from '#src/gateway/jetstream/jetstream.ts'
import { legacySubscribePath } from '#src/gateway/jetstream/legacy-subscribe.ts'
import { subscribeEventsPath } from '#src/gateway/jetstream/subscribe-events.ts'
import type { Log } from '#src/log.ts'
import { SUBSCRIBE_PATH } from '#src/protocol/realtime-names.ts'

/** The paths of WebSockets. */
export const streamPaths: ReadonlySet<string> = new Set([
  subscribeReposPath,
  legacySubscribePath,
  subscribeEventsPath,
  SUBSCRIBE_PATH,
])

export interface StreamPorts {
  dispatch: {
    readonly sequencer: { readonly log: LogSource & EventSource }
    readonly directory: {
      readonly accounts: {
        getInfos(query: { dids: readonly string[] }): Promise<{ did: string; status: string }[]>
      }
    }
  }
  log: Log
  settings: {
    /** How many frames a subscriber of subscribeRepos may fall behind once it has caught up. */
    maxBuffer: number
    /** Of one address and endpoint. */
    maxSubscribers: number
    /** A subscriber that takes nothing of what is sent to it for this long is disconnected. */
    stallTimeoutMs: number
    /** A file, with the zstd dictionary of Bluesky's Jetstream. */
    jetstreamDictionary?: string | undefined
  }
  addressOf: FindClientAddress
  /** Addresses and ranges that may have any number of subscribers. */
  exempt: readonly string[]
  /** The error to answer an upgrade with, if any. */
  admit?(request: IncomingMessage): XrpcError | undefined
  onRefused?(limit: string): void
  onEvents?: () => void
  /** As in `SubscriptionPorts`. */
  notedSeq?: () => number
}

export interface Streams {
  firehose: Firehose
  events: EventStream
  jetstream: Jetstream
  close(): Promise<void>
}

/** On `server`, whose `shouldUpgradeCallback` must be `isUpgradeTo(streamPaths)`. */
export function openStreams(server: Server, ports: StreamPorts): Streams {
  const { dispatch, log, settings, onEvents, notedSeq = () => 0 } = ports
  const source = dispatch.sequencer.log
  const fanOut = new FanOut({ source, log, ...(onEvents && { onEvents }) })
  async function findHidden(dids: readonly string[]): Promise<ReadonlySet<string>> {
    const infos = await dispatch.directory.accounts.getInfos({ dids })
    return new Set(infos.filter(({ status }) => isHidden(status)).map(({ did }) => did))
  }
  const events = new EventStream({ fanOut, source, findHidden })
  const firehose = subscribeRepos({ fanOut, source, log, settings, notedSeq })
  const jetstream = openJetstream({ events, log, settings })
  const upgrades = attachUpgrades(server, [firehose.route, ...jetstream.routes], {
    ...ports,
    maxSubscribers: settings.maxSubscribers,
    onError: (err) => log.error({ err }, 'an upgrade failed'),
  })
  void fanOut.run()
  return {
    firehose,
    events,
    jetstream,
    async close() {
      upgrades.close()
      fanOut.close()
      await Promise.all([firehose.close(), jetstream.close()])
    },
  }
}
