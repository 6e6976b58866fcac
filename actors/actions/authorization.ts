/** The actions of a shard of the authorization server; nothing else can be called. */
import * as devices from '#src/authorization/devices.ts'
import * as lexicons from '#src/authorization/lexicons.ts'
import { isFirstUse } from '#src/authorization/replay-store.ts'
import * as requests from '#src/authorization/requests.ts'
import { putTakenOver } from '#src/authorization/takeover.ts'
import * as names from '#src/authorization/token-index.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const authorizationActions = {
  requests: {
    ...reads({ read: requests.readRequest }),
    // The caller makes the request's id; only one attempt can consume a code, and may retry.
    ...writes({
      create: requests.createRequest,
      update: requests.updateRequest,
      remove: requests.removeRequest,
      consume: requests.consumeRequest,
    }),
  },
  devices: {
    ...reads({ read: devices.readDevice, readWithAccounts: devices.readDeviceWithAccounts }),
    ...writes({
      create: devices.createDevice,
      update: devices.updateDevice,
      remove: devices.removeDevice,
      setAccount: devices.setDeviceAccount,
    }),
  },
  // A retry of the first attempt gets the same answer.
  replayStore: writes({ isFirstUse }),
  tokenIndex: {
    ...reads({ find: names.findTokenOwner }),
    ...writes({ put: names.putTokenOwner, remove: names.removeTokenOwner }),
  },
  // Of the command `headwater takeover`.
  takeover: writes({ put: putTakenOver }),
  lexicons: {
    ...reads({ find: lexicons.findLexicon }),
    ...writes({ store: lexicons.storeLexicon, remove: lexicons.removeLexicon }),
  },
} satisfies Actions
export type AuthorizationActions = typeof authorizationActions
