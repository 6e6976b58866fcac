/** getRepo at an old rev: the CAR file that was exported at it, with its signed commit. */
import type { Account } from '#src/account/account.ts'
import { mustMayReadHistory, revAt } from '#src/account/history/moments.ts'
import { headAt } from '#src/account/history/past-head.ts'
import { beginExport, type Page, readExport } from '#src/account/repo/export.ts'
import { wholeRepo } from '#src/account/repo/export-chunks.ts'
import type { Principal } from '#src/rules/acting-member.ts'

/**
 * Goes on with `readExport` and `closeExport` of the repo. Throws as `mustMayReadHistory` and `headAt`; 503 if there are
 * too many exports.
 */
export async function openExportAt(
  account: Account,
  { by, at }: { by: Principal; at: string },
): Promise<{ id: string; first: Page }> {
  const { since } = await mustMayReadHistory(account, by)
  const { rev } = await account.lane.head()
  const { head, past } = await headAt(account, revAt(at, rev), since)
  const chunks = wholeRepo(account, head, past)
  const id = beginExport(account, head, chunks, { isOwner: true })
  return { id, first: await readExport(account, { id, n: 0 }) }
}
