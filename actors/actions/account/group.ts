/** The actions of a group account: its members, roles and invitations, and members that act as it. */
import {
  createMemberAppPassword,
  listMemberAppPasswords,
  revokeMemberAppPassword,
} from '#src/account/group/app-passwords.ts'
import { exportGroup, getAuditLog, getAuditPage } from '#src/account/group/audit-log.ts'
import { authorize, noteCall } from '#src/account/group/authorize.ts'
import {
  acceptInvite,
  createInvite,
  listInvites,
  revokeInvite,
} from '#src/account/group/invitations.ts'
import { listJoinRequests, resolveJoinRequest } from '#src/account/group/join-requests.ts'
import {
  addMember,
  getMember,
  listMembers,
  removeMember,
  updateMember,
} from '#src/account/group/members.ts'
import { acceptOwnership, convert, offerOwnership } from '#src/account/group/ownership.ts'
import { deleteRole, listRoles, putRole } from '#src/account/group/roles.ts'
import { createMemberSession } from '#src/account/group/sessions.ts'
import { listWriters } from '#src/account/group/writers.ts'
import { once } from '#src/account/idempotency-keys.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const groupActions = {
  group: {
    ...reads({
      authorize,
      getMember,
      listMembers,
      listRoles,
      listInvites,
      listJoinRequests,
      getAuditLog,
      getAuditPage,
      export: exportGroup,
      listAppPasswords: listMemberAppPasswords,
      listWriters,
    }),
    // A repeated call has the same id, of which there is one row.
    ...writes({ noteCall }),
    // Each adds a row to the audit log, and most would be refused when they are repeated.
    ...once({
      convert,
      addMember,
      updateMember,
      removeMember,
      putRole,
      deleteRole,
      createInvite,
      revokeInvite,
      acceptInvite,
      resolveJoinRequest,
      offerOwnership,
      acceptOwnership,
      createSession: createMemberSession,
      createAppPassword: createMemberAppPassword,
      revokeAppPassword: revokeMemberAppPassword,
    }),
  },
} satisfies Actions
