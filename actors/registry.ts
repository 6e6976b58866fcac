/** Registers all actors of the server with their engine. */
import { setup } from 'rivetkit'
import { accountActor } from '#actors/account.ts'
import { authorizationActor } from '#actors/authorization.ts'
import { channelsActor } from '#actors/channels.ts'
import { directoryActor } from '#actors/directory.ts'
import { limiterActor } from '#actors/limiter.ts'
import { sequencerActor } from '#actors/sequencer.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { tenantActor } from '#actors/tenant.ts'
import { webhooksActor } from '#actors/webhooks.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'

export function createRegistry(settings: ActorSettings, engine: EngineAddress) {
  return setup({
    use: {
      account: accountActor(settings),
      directory: directoryActor(settings),
      sequencer: sequencerActor(settings),
      limiter: limiterActor(settings),
      authorization: authorizationActor(settings),
      channels: channelsActor(settings),
      tenant: tenantActor(settings),
      webhooks: webhooksActor(settings),
    },
    ...engine,
    // The engine wakes actors only in the processes of the highest release, and puts those of the others to sleep.
    envoy: { version: settings.release },
    startServices: false,
    noWelcome: true,
    logging: { level: 'error' },
    // Pages of repos and of the firehose log are results of actions.
    maxOutgoingMessageSize: 8 * 1024 * 1024,
    maxIncomingMessageSize: 8 * 1024 * 1024,
    shutdown: { disableSignalHandlers: true },
  })
}
