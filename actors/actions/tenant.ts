/** The actions of a tenant; nothing else can be called. */
import { type Actions, reads, writes } from '#src/rules/actions.ts'
import { createKey, deleteKey, listKeys, useKey } from '#src/tenants/api-keys.ts'
import { addAudit, addReadAudit, listAudit } from '#src/tenants/audit.ts'
import { beginKeyedCall, endKeyedCall } from '#src/tenants/idempotency.ts'
import {
  addJobPart,
  beginJob,
  cancelJob,
  endJobPart,
  getJob,
  getJobResults,
  listJobs,
  nextJobPart,
  settleJob,
  startJob,
} from '#src/tenants/jobs.ts'

export const tenantActions = {
  keys: {
    ...reads({ list: listKeys, use: useKey }),
    // The gateway makes the keys.
    ...writes({ create: createKey, delete: deleteKey }),
  },
  audit: {
    ...reads({ list: listAudit }),
    // A repetition adds a second row, and has no other effect.
    ...writes({ add: addAudit, addRead: addReadAudit }),
  },
  idempotency: writes({ begin: beginKeyedCall, end: endKeyedCall }),
  jobs: {
    ...reads({ get: getJob, list: listJobs, getResults: getJobResults, next: nextJobPart }),
    // The gateway makes the ids.
    ...writes({
      begin: beginJob,
      addPart: addJobPart,
      start: startJob,
      endPart: endJobPart,
      settle: settleJob,
      cancel: cancelJob,
    }),
  },
} satisfies Actions
export type TenantActions = typeof tenantActions
