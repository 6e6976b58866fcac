/** All that the directory can be asked: `(directory, input) → result`. */

export {
  find,
  list,
  resolveHandle,
  setEmail,
  setHandle,
  setState,
} from '#src/directory/accounts.ts'
export { findBirth } from '#src/directory/births.ts'
export { countAccounts } from '#src/directory/count.ts'
export { forget, listDue } from '#src/directory/departures.ts'
export {
  beginIdentityChange,
  endIdentityChange,
  listIdentityChanges,
} from '#src/directory/identity-changes.ts'
export {
  disableInviteCodes,
  invitesOf,
  listInviteCodes,
  setInvitesDisabled,
} from '#src/directory/invite-codes.ts'
export { createInviteCodes } from '#src/directory/invites.ts'
export { endRotation, listRotations, noteRotation } from '#src/directory/key-rotations.ts'
export { findPasswordReset, notePasswordReset } from '#src/directory/password-resets.ts'
export { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
export { confirm, release, reserve } from '#src/directory/reservations.ts'
export { findReservedKey, reserveKey } from '#src/directory/reserved-keys.ts'
export { accountInviteCodes } from '#src/directory/routine-invites.ts'
export { describe, search } from '#src/directory/search.ts'
export { getSetting, hasHandlesUnder, putSetting } from '#src/directory/settings.ts'
