/** Archives that the owner of an account, or a member with the flag `history`, makes in a bucket: who may, and what is noted. */
import type { Account } from '#src/account/account.ts'
import { auditRow, trimAudit } from '#src/account/audit.ts'
import { mustBeAllowed, mustMayRead, roleOfCaller } from '#src/account/group/change.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { mustManage } from '#src/rules/states.ts'

/** Throws as `mustMayRead`. */
export async function mayReadArchives(account: Account, { by }: { by: Principal }): Promise<void> {
  await mustMayRead(account, by, 'history')
}

/** Notes a change before the gateway makes it. `detail` is the bucket. Throws as `mustBeAllowed`. */
export async function noteArchiveChange(
  account: Account,
  { by, action, detail }: { by: Principal; action: ArchiveAction; detail?: string },
  key?: IdempotencyKey,
): Promise<void> {
  const { idempotencyKeys, lane, profile } = account
  await lane.write(async ({ head }) => {
    mustManage((await profile.get()).status)
    const own = await roleOfCaller(account, by)
    mustBeAllowed(own, 'history')
    const entry = { action: `archive.${action}`, ...(detail !== undefined && { detail }) }
    return {
      answer: undefined,
      head,
      statements: [
        ...[auditRow(account, by, own.name, entry), trimAudit()],
        ...(action === 'createArchive'
          ? []
          : addSecurityEvent(account, 'archive bucket changed', by, detail)),
        ...idempotencyKeys.markUsed(key),
      ],
      events: [],
    }
  })
}

export type ArchiveAction = 'putBucket' | 'deleteBucket' | 'createArchive'
