/** What the directory can be asked. What is not listed here cannot be called. */
import * as directory from '#src/directory/directory.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const directoryActions = {
  accounts: {
    ...reads({
      find: directory.find,
      resolveHandle: directory.resolveHandle,
      list: directory.list,
      count: directory.countAccounts,
      search: directory.search,
      describe: directory.describe,
      listDue: directory.listDue,
    }),
    ...writes({
      reserve: directory.reserve,
      confirm: directory.confirm,
      release: directory.release,
      setState: directory.setState,
      forget: directory.forget,
      setHandle: directory.setHandle,
      setEmail: directory.setEmail,
    }),
  },
  reminders: {
    ...reads({ list: directory.listReminders }),
    ...writes({ add: directory.addReminder, remove: directory.removeReminders }),
  },
  passwordResets: {
    ...reads({ find: directory.findPasswordReset }),
    ...writes({ note: directory.notePasswordReset }),
  },
  births: reads({ find: directory.findBirth }),
  identityChanges: {
    ...reads({ list: directory.listIdentityChanges }),
    ...writes({ begin: directory.beginIdentityChange, end: directory.endIdentityChange }),
  },
  settings: {
    ...reads({ get: directory.getSetting, hasHandlesUnder: directory.hasHandlesUnder }),
    ...writes({ put: directory.putSetting }),
  },
  keys: {
    ...reads({ find: directory.findReservedKey }),
    ...writes({ reserve: directory.reserveKey }),
  },
  rotations: {
    ...reads({ list: directory.listRotations }),
    ...writes({ note: directory.noteRotation, end: directory.endRotation }),
  },
  invites: {
    ...reads({ list: directory.listInviteCodes, of: directory.invitesOf }),
    ...writes({
      create: directory.createInviteCodes,
      disable: directory.disableInviteCodes,
      setDisabled: directory.setInvitesDisabled,
      ofAccount: directory.accountInviteCodes,
    }),
  },
} satisfies Actions
export type DirectoryActions = typeof directoryActions
