/** dev.headwater.realtime over real sockets, on a sequencer and channels in memory, without an engine. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { isFirstUse } from '#src/authorization/replay-store.ts'
import * as channelFeatures from '#src/channels/channels.ts'
import { isUpgradeTo } from '#src/gateway/http/upgrades.ts'
import { startRealtime } from '#src/gateway/realtime/start-realtime.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { systemClock } from '#src/ports/clock.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { SUBSCRIBE_PATH } from '#src/protocol/realtime-names.ts'
import { issueTokens } from '#src/rules/session-tokens.ts'
import { readPrivate } from '#src/sequencer/account-events.ts'
import { testEvents } from '#tests/support/events.ts'
import { silent } from '#tests/support/firehose.ts'
import { testShard } from '#tests/support/test-shard.ts'

export async function startRealtimeServer({ stallTimeoutMs = 60_000, maxSubscribers = 100 } = {}) {
  const events = await testEvents()
  const server = createServer({ shouldUpgradeCallback: isUpgradeTo(new Set([SUBSCRIBE_PATH])) })
  const shard = testShard()
  const channels = channelFeatures.openChannels({ clock: systemClock, timer: systemTimer })
  const on =
    <I, O>(feature: (subject: typeof channels, input: I) => O) =>
    (input: I) =>
      feature(channels, input)
  const { join, leave, renew, publish, follow } = channelFeatures
  const channelActions = {
    ...{ join: on(join), leave: on(leave), renew: on(renew) },
    ...{ publish: on(publish), follow: on(follow) },
  }
  const called: string[] = []
  const issuer = {
    ...{ serviceDid: 'did:web:pds.example.com', clock: systemClock, adminPassword: 'password' },
    jwtSecret: new TextEncoder().encode('a secret of these tests'),
    resolver: { resolve: async () => undefined } as never,
  }
  const realtime = startRealtime(server, {
    ...issuer,
    authenticate: authenticator(issuer),
    dispatch: {
      // Calling an actor wakes it.
      account: (did: string) => {
        called.push(did)
        return { repo: { getRecord: async () => ({ json: '{"value":{"access":"everyone"}}' }) } }
      },
      authorization: () => ({
        replayStore: {
          isFirstUse: (use: Parameters<typeof isFirstUse>[1]) => isFirstUse(shard, use),
        },
      }),
      channels: () => ({ channels: channelActions }),
      directory: { accounts: { getRepoState: async () => ({ status: 'active' }) } },
      sequencer: {
        log: {
          readPrivate: (query: Parameters<typeof readPrivate>[1]) =>
            readPrivate(events.sequencer, query),
        },
      },
    } as never,
    ...{ findAccount: async (did) => did, networkOf: (address) => address },
    ...{ stream: events.events, log: silent, stallTimeoutMs },
    ...{ rateLimits: undefined, nextNonce: () => undefined, preferencesAudience: undefined },
    upgrades: { addressOf: () => '192.0.2.1', maxSubscribers, exempt: [], onError: () => {} },
  })
  const app = new Hono<Env>()
  app.get(SUBSCRIBE_PATH, realtime.eventStreams)
  const listener = getRequestListener((request, { incoming }) =>
    app.fetch(request, { incoming } as Env['Bindings']),
  )
  server.on('request', listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0)
  await once(server, 'listening')
  const terms = { secret: issuer.jwtSecret, audience: issuer.serviceDid }
  return {
    /** Of the connection for which most is waiting to be sent. */
    queuedBytes: () => Math.max(0, ...[...sockets].map(({ writableLength }) => writableLength)),
    /** The accounts whose actors were called. */
    called,
    ...{ events, realtime, url: `http://localhost:${(server.address() as AddressInfo).port}` },
    async authorization(did: string): Promise<string> {
      const tokens = await issueTokens({ did, tokenId: did }, { ...terms, now: Date.now() })
      return `Bearer ${tokens.accessJwt}`
    },
    async close() {
      await realtime.close()
      channelFeatures.closeChannels(channels)
      await events.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
