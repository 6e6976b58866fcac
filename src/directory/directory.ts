/** All functions of the directory: `(directory, input) → result`. */

export { getAccountInviteCodes } from '#src/directory/account-invite-codes.ts'
export {
  findAccount,
  listAccounts,
  resolveHandle,
  setEmail,
  setHandle,
  setState,
} from '#src/directory/accounts.ts'
export {
  disableInviteCodes,
  invitesByAccount,
  listInviteCodes,
  setInvitesDisabled,
} from '#src/directory/admin-invite-codes.ts'
export {
  archiveStates,
  forgetArchives,
  getArchiveRound,
  listArchiveStates,
  listOrphanedArchives,
  putArchiveRound,
  recordArchive,
  recordDrill,
  releaseArchiveLease,
  sampleArchives,
  summarizeArchives,
  takeArchiveLease,
} from '#src/directory/archives.ts'
export { countAccounts } from '#src/directory/count-accounts.ts'
export { listCreatedAccounts } from '#src/directory/created-accounts.ts'
export { listDueDeletions, removeDeletedAccount } from '#src/directory/due-deletions.ts'
export {
  beginIdentityChange,
  endIdentityChange,
  listIdentityChanges,
} from '#src/directory/identity-changes.ts'
export { findInitialState } from '#src/directory/initial-states.ts'
export { createInviteCodes } from '#src/directory/invites.ts'
export {
  endKeyRotation,
  listKeyRotations,
  recordKeyRotation,
} from '#src/directory/key-rotations.ts'
export {
  findMembership,
  isGroup,
  listMemberships,
  setMemberships,
} from '#src/directory/memberships.ts'
export { countCases, getCase, listCases } from '#src/directory/moderation-cases.ts'
export { listCaseEntries, updateCase } from '#src/directory/moderation-entries.ts'
export { addReport } from '#src/directory/moderation-reports.ts'
export {
  addMoveInvites,
  countMoveInvites,
  findMoveInvite,
  listMoveInvites,
  recordInviteMail,
  removeMoveInvites,
} from '#src/directory/move-invites.ts'
export { addOperatorAudit, listOperatorAudit } from '#src/directory/operator-audit.ts'
export { endOperatorSession, hasOperatorSessionEnded } from '#src/directory/operator-sessions.ts'
export {
  findOwnBucket,
  listDueBuckets,
  postponeOwnBuckets,
  putOwnBucket,
  recordOwnArchive,
  removeOwnBucket,
} from '#src/directory/own-buckets.ts'
export { findPasswordReset, recordPasswordReset } from '#src/directory/password-resets.ts'
export {
  findRelayStatuses,
  listAccountsToAsk,
  listRelayAccounts,
  recordRelayAccounts,
} from '#src/directory/relay-accounts.ts'
export { listRelays, recordRelay, setRelayLimit } from '#src/directory/relays.ts'
export { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
export { findRepoState } from '#src/directory/repo-states.ts'
export { confirmAccount, releaseReservation, reserveAccount } from '#src/directory/reservations.ts'
export { findReservedKey, reserveKey } from '#src/directory/reserved-keys.ts'
export {
  addRunningMove,
  listRunningMoves,
  removeRunningMove,
} from '#src/directory/running-moves.ts'
export { getAccountInfos, searchAccounts } from '#src/directory/search-accounts.ts'
export {
  getHandleRules,
  getSetting,
  hasHandlesUnder,
  putSetting,
} from '#src/directory/settings.ts'
export {
  advanceTakeover,
  beginTakeover,
  clearTakeover,
  putTakeoverAccounts,
  putTakeoverInvites,
  putTakeoverKeys,
} from '#src/directory/takeover.ts'
export {
  countTenantAccounts,
  findTenantAccount,
  findTenantBrand,
  isCustodial,
  listTenantAccounts,
  setExternalId,
  tenantsOfAccounts,
} from '#src/directory/tenant-accounts.ts'
export {
  deleteTenantAdmin,
  listTenantAdmins,
  listTenantsOf,
  putTenantAdmin,
} from '#src/directory/tenant-admins.ts'
export { moveToTenant } from '#src/directory/tenant-admission.ts'
export {
  beginTenantDeletion,
  detachAccount,
  removeTenant,
  takeTenantDeletion,
} from '#src/directory/tenant-deletion.ts'
export {
  deleteTenantDomain,
  listTenantDomains,
  putTenantDomain,
  setDomainVerified,
} from '#src/directory/tenant-domains.ts'
export { findTenantHistory } from '#src/directory/tenant-history.ts'
export {
  createTenantInvites,
  disableTenantInvites,
  listTenantInvites,
} from '#src/directory/tenant-invites.ts'
export { addJob, keepJob, listJobs, removeJob, takeJobs } from '#src/directory/tenant-jobs.ts'
export { confirmForTenant, reserveForTenant } from '#src/directory/tenant-reservations.ts'
export { beginSuspension, endSuspension, takeSweep } from '#src/directory/tenant-suspensions.ts'
export {
  createTenant,
  getTenant,
  listTenants,
  setTenantStatus,
  updateTenant,
} from '#src/directory/tenants.ts'
export { listWebhookEvents, removeWebhookEvents } from '#src/directory/webhook-events.ts'
export { hasWebhooks, listWebhookOwners, setWebhookOwner } from '#src/directory/webhook-owners.ts'
