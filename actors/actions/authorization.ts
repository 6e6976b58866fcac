/** What a shard of the authorization server can be asked. What is not listed here cannot be called. */
import * as devices from '#src/authorization/devices.ts'
import * as lexicons from '#src/authorization/lexicons.ts'
import * as names from '#src/authorization/names.ts'
import * as requests from '#src/authorization/requests.ts'
import { isFirstUse } from '#src/authorization/used-once.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const authorizationActions = {
  requests: {
    ...reads({ read: requests.readRequest }),
    ...writes({
      create: requests.createRequest,
      update: requests.updateRequest,
      remove: requests.removeRequest,
      consume: requests.consumeRequest,
    }),
  },
  devices: {
    ...reads({ read: devices.readDevice, withAccounts: devices.deviceWithAccounts }),
    ...writes({
      create: devices.createDevice,
      update: devices.updateDevice,
      remove: devices.removeDevice,
      noteAccount: devices.noteDeviceAccount,
    }),
  },
  used: writes({ isFirst: isFirstUse }),
  names: {
    ...reads({ find: names.findName }),
    ...writes({ note: names.noteName, forget: names.forgetName }),
  },
  lexicons: {
    ...reads({ find: lexicons.findLexicon }),
    ...writes({ store: lexicons.storeLexicon, remove: lexicons.removeLexicon }),
  },
} satisfies Actions
export type AuthorizationActions = typeof authorizationActions
