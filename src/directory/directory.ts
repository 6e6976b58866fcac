/** All that the directory can be asked: `(directory, input) → result`. */

export { find, list, resolveHandle, setHandle, setStatus } from '#src/directory/accounts.ts'
export { findBirth } from '#src/directory/births.ts'
export { createInviteCodes } from '#src/directory/invites.ts'
export { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
export { confirm, release, reserve } from '#src/directory/reservations.ts'
