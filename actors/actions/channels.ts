/** The actions of a shard of the channels. */

import { follow, join, leave, publish, renew } from '#src/channels/channels.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const channelsActions = {
  channels: {
    ...reads({ follow }),
    // The gateways make the ids of members, and drop a message that they have seen.
    ...writes({ join, leave, renew, publish }),
  },
} satisfies Actions
export type ChannelsActions = typeof channelsActions
