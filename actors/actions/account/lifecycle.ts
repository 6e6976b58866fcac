/** The actions on the state of an account: its status, its identity and keys, moderation, and what it still has to deliver. */
import { once } from '#src/account/idempotency-keys.ts'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getSigningKeyDids,
} from '#src/account/identity/key-rotation.ts'
import { announceIdentity, getIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import { listOwnRotationKeys, noteRotationKey } from '#src/account/identity/own-rotation-keys.ts'
import { getServiceAuth } from '#src/account/identity/service-auth.ts'
import { getAdminState } from '#src/account/lifecycle/admin-state.ts'
import { announce } from '#src/account/lifecycle/announce.ts'
import { authorizeDeletion } from '#src/account/lifecycle/authorize-deletion.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { checkAccountStatus } from '#src/account/lifecycle/check-account-status.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { getDeletionDue } from '#src/account/lifecycle/deletion-due.ts'
import {
  beginMigration,
  claimMigration,
  endMigration,
  findMigration,
  saveMigration,
} from '#src/account/lifecycle/migration.ts'
import {
  addTakeoverBlobs,
  addTakeoverRecords,
  beginTakeover,
  finishTakeover,
} from '#src/account/lifecycle/take-over.ts'
import { ensureProvisioned } from '#src/account/lifecycle/wake.ts'
import { remind } from '#src/account/remind.ts'
import { getRecordStatus, setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { consumePlcToken, requestPlcToken } from '#src/account/sessions/plc-token.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const lifecycleActions = {
  lifecycle: {
    ...reads({ getDeletionDue, checkAccountStatus, authorizeDeletion }),
    ...writes({
      ensureProvisioned,
      // The current state may be announced twice.
      announce,
      changeState,
      deleteAccount,
      finishDeletion,
    }),
  },
  // Of the command `headwater takeover`, which runs the actors itself: no gateway calls these.
  takeover: writes({
    begin: beginTakeover,
    addRecords: addTakeoverRecords,
    addBlobs: addTakeoverBlobs,
    finish: finishTakeover,
  }),
  outbox: writes({ remind }),
  migration: {
    ...reads({ find: findMigration }),
    // A repeated claim is of the same run.
    ...writes({
      begin: beginMigration,
      claim: claimMigration,
      save: saveMigration,
      end: endMigration,
    }),
  },
  service: reads({ getServiceAuth }),
  keys: {
    ...reads({ getSigningKeyDids }),
    ...writes({ begin: beginKeyRotation, finish: finishKeyRotation, abandon: abandonKeyRotation }),
  },
  moderation: {
    ...reads({ getState: getAdminState, getRecordStatus }),
    ...writes({ setRecordTakedown }),
  },
  identity: {
    ...reads({ getIdentity, listOwnRotationKeys }),
    // The current handle may be announced twice.
    ...writes({ setHandle, announceIdentity, noteRotationKey }),
    ...once({ requestPlcToken, consumePlcToken }),
  },
} satisfies Actions
