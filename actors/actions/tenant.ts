/** The actions of a tenant; nothing else can be called. */
import { type Actions, reads, writes } from '#src/rules/actions.ts'
import { createKey, deleteKey, listKeys, useKey } from '#src/tenants/api-keys.ts'
import { addAudit, listAudit } from '#src/tenants/audit.ts'

export const tenantActions = {
  keys: {
    ...reads({ list: listKeys, use: useKey }),
    // The gateway makes the keys.
    ...writes({ create: createKey, delete: deleteKey }),
  },
  audit: {
    ...reads({ list: listAudit }),
    // A repetition is a second row, and no second effect.
    ...writes({ add: addAudit }),
  },
} satisfies Actions
export type TenantActions = typeof tenantActions
