/** The actions of the directory; nothing else can be called. */
import * as directory from '#src/directory/directory.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const directoryActions = {
  accounts: {
    ...reads({
      find: directory.findAccount,
      resolveHandle: directory.resolveHandle,
      getRepoState: directory.findRepoState,
      list: directory.listAccounts,
      count: directory.countAccounts,
      search: directory.searchAccounts,
      getInfos: directory.getAccountInfos,
      listDueDeletions: directory.listDueDeletions,
      listCreated: directory.listCreatedAccounts,
    }),
    ...writes({
      reserve: directory.reserveAccount,
      confirm: directory.confirmAccount,
      release: directory.releaseReservation,
      setState: directory.setState,
      removeDeleted: directory.removeDeletedAccount,
      setHandle: directory.setHandle,
      setEmail: directory.setEmail,
      reserveForTenant: directory.reserveForTenant,
      confirmForTenant: directory.confirmForTenant,
    }),
  },
  // Of the command `headwater takeover`.
  takeover: writes({
    begin: directory.beginTakeover,
    advance: directory.advanceTakeover,
    clear: directory.clearTakeover,
    putAccounts: directory.putTakeoverAccounts,
    putInvites: directory.putTakeoverInvites,
    putKeys: directory.putTakeoverKeys,
  }),
  tenantJobs: {
    ...reads({ list: directory.listJobs }),
    // If the answer is lost, the job waits until its lease has ended.
    ...writes({
      add: directory.addJob,
      take: directory.takeJobs,
      keep: directory.keepJob,
      remove: directory.removeJob,
    }),
  },
  reminders: {
    ...reads({ list: directory.listReminders }),
    ...writes({ add: directory.addReminder, remove: directory.removeReminders }),
  },
  relays: {
    ...reads({
      list: directory.listRelays,
      listAccounts: directory.listRelayAccounts,
      findStatuses: directory.findRelayStatuses,
      listAccountsToAsk: directory.listAccountsToAsk,
    }),
    ...writes({
      record: directory.recordRelay,
      recordAccounts: directory.recordRelayAccounts,
      setLimit: directory.setRelayLimit,
    }),
  },
  memberships: {
    ...reads({
      find: directory.findMembership,
      list: directory.listMemberships,
      isGroup: directory.isGroup,
    }),
    ...writes({ set: directory.setMemberships }),
  },
  passwordResets: {
    ...reads({ find: directory.findPasswordReset }),
    ...writes({ record: directory.recordPasswordReset }),
  },
  operatorAudit: {
    ...reads({ list: directory.listOperatorAudit }),
    // The caller chooses the id.
    ...writes({ add: directory.addOperatorAudit }),
  },
  moderationCases: {
    ...reads({
      list: directory.listCases,
      get: directory.getCase,
      count: directory.countCases,
      listEntries: directory.listCaseEntries,
    }),
    // The caller chooses the ids.
    ...writes({ addReport: directory.addReport, update: directory.updateCase }),
  },
  archives: {
    ...reads({
      states: directory.archiveStates,
      list: directory.listArchiveStates,
      sample: directory.sampleArchives,
      summarize: directory.summarizeArchives,
      listOrphaned: directory.listOrphanedArchives,
      getRound: directory.getArchiveRound,
    }),
    // Whoever holds a lease may take it again; if the answer is lost, others wait until it ends.
    ...writes({
      takeLease: directory.takeArchiveLease,
      releaseLease: directory.releaseArchiveLease,
      putRound: directory.putArchiveRound,
      record: directory.recordArchive,
      recordDrill: directory.recordDrill,
      forget: directory.forgetArchives,
    }),
  },
  ownBuckets: {
    ...reads({ find: directory.findOwnBucket, listDue: directory.listDueBuckets }),
    // A failure that is recorded twice only makes the next attempt later.
    ...writes({
      put: directory.putOwnBucket,
      remove: directory.removeOwnBucket,
      record: directory.recordOwnArchive,
      postpone: directory.postponeOwnBuckets,
    }),
  },
  initialStates: reads({ find: directory.findInitialState }),
  identityChanges: {
    ...reads({ list: directory.listIdentityChanges }),
    ...writes({ begin: directory.beginIdentityChange, end: directory.endIdentityChange }),
  },
  operatorSessions: {
    ...reads({ hasEnded: directory.hasOperatorSessionEnded }),
    ...writes({ end: directory.endOperatorSession }),
  },
  settings: {
    ...reads({
      get: directory.getSetting,
      getHandleRules: directory.getHandleRules,
      hasHandlesUnder: directory.hasHandlesUnder,
    }),
    ...writes({ put: directory.putSetting }),
  },
  webhookEvents: {
    ...reads({ list: directory.listWebhookEvents }),
    ...writes({ remove: directory.removeWebhookEvents }),
  },
  webhookOwners: {
    ...reads({ list: directory.listWebhookOwners, has: directory.hasWebhooks }),
    ...writes({ set: directory.setWebhookOwner }),
  },
  keys: {
    ...reads({ find: directory.findReservedKey }),
    ...writes({ reserve: directory.reserveKey }),
  },
  keyRotations: {
    ...reads({ list: directory.listKeyRotations }),
    ...writes({ record: directory.recordKeyRotation, end: directory.endKeyRotation }),
  },
  moveInvites: {
    ...reads({
      find: directory.findMoveInvite,
      list: directory.listMoveInvites,
      count: directory.countMoveInvites,
    }),
    // The caller makes the codes.
    ...writes({
      add: directory.addMoveInvites,
      recordMail: directory.recordInviteMail,
      remove: directory.removeMoveInvites,
    }),
  },
  runningMoves: {
    ...reads({ list: directory.listRunningMoves }),
    ...writes({ add: directory.addRunningMove, remove: directory.removeRunningMove }),
  },
  invites: {
    ...reads({ list: directory.listInviteCodes, byAccount: directory.invitesByAccount }),
    // The caller makes the codes.
    ...writes({
      create: directory.createInviteCodes,
      disable: directory.disableInviteCodes,
      setDisabled: directory.setInvitesDisabled,
      getForAccount: directory.getAccountInviteCodes,
    }),
  },
  tenants: {
    ...reads({
      get: directory.getTenant,
      list: directory.listTenants,
      of: directory.listTenantsOf,
      brandOf: directory.findTenantBrand,
      listAdmins: directory.listTenantAdmins,
      listDomains: directory.listTenantDomains,
      listInvites: directory.listTenantInvites,
    }),
    ...writes({
      create: directory.createTenant,
      update: directory.updateTenant,
      setStatus: directory.setTenantStatus,
      putAdmin: directory.putTenantAdmin,
      deleteAdmin: directory.deleteTenantAdmin,
      putDomain: directory.putTenantDomain,
      setDomainVerified: directory.setDomainVerified,
      deleteDomain: directory.deleteTenantDomain,
      // The gateway makes the codes.
      createInvites: directory.createTenantInvites,
      disableInvites: directory.disableTenantInvites,
    }),
  },
  tenantDeletion: writes({
    begin: directory.beginTenantDeletion,
    // If the answer is lost, the accounts wait until the lease has ended.
    take: directory.takeTenantDeletion,
    detach: directory.detachAccount,
    remove: directory.removeTenant,
  }),
  tenantAccounts: {
    ...reads({
      find: directory.findTenantAccount,
      list: directory.listTenantAccounts,
      count: directory.countTenantAccounts,
      tenantsOf: directory.tenantsOfAccounts,
      findHistory: directory.findTenantHistory,
      isCustodial: directory.isCustodial,
    }),
    ...writes({
      setExternalId: directory.setExternalId,
      move: directory.moveToTenant,
      beginSuspension: directory.beginSuspension,
      endSuspension: directory.endSuspension,
      takeSweep: directory.takeSweep,
    }),
  },
} satisfies Actions
export type DirectoryActions = typeof directoryActions
