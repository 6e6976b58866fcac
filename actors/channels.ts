/** The channels actor, in a few shards. What it knows is in memory only. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { channelsActions } from '#actors/actions/channels.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { type Channels, closeChannels, openChannels } from '#src/channels/channels.ts'

export function channelsActor(settings: ActorSettings) {
  return actor({
    createConnState: requireInternalToken('channels', settings),
    ...actorLifecycle('channels', settings, channelsActions, {
      sleeps: false,
      open: () => openChannels(settings),
      // A follower would keep the actor awake for as long as it may wait.
      close: (channels: Channels) => closeChannels(channels),
    }),
    actions: toRivetActions(channelsActions, settings),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}
