/** Rules about archives of accounts. */
import { HOUR_MS, type Rule, seconds } from '#src/gateway/operator/alerts/rule.ts'

const LATE_S = (6 * HOUR_MS) / 1_000
const NONE = 'no archives'

export const archiveRules: readonly Rule[] = [
  {
    name: 'HeadwaterArchivesFail',
    what: 'Accounts that could not be archived',
    evaluate: ({ archives }) => ({
      bad: (archives?.failed ?? 0) > 0,
      value: archives === undefined ? NONE : archives.failed > 0 ? String(archives.failed) : 'none',
    }),
    advice:
      'headwater archive list --failed has the reasons. They are tried again in the next round.',
  },
  {
    name: 'HeadwaterArchiveDrillsFail',
    what: 'Archives that could not be restored',
    evaluate: ({ archives }) => ({
      bad: (archives?.drillsFailed ?? 0) > 0,
      value:
        archives === undefined
          ? NONE
          : archives.drillsFailed > 0
            ? String(archives.drillsFailed)
            : 'none',
    }),
    advice:
      'headwater archive list --failed has the reasons. Make a new archive with headwater archive create, then headwater archive drill.',
  },
  {
    name: 'HeadwaterArchivesLate',
    what: 'Archiving all accounts',
    evaluate: ({ archives }) => {
      const late = archives?.lateSeconds ?? 0
      const value = late > LATE_S ? `${seconds(late)} late` : 'in time'
      return { bad: late > LATE_S, value: archives === undefined ? NONE : value }
    },
    advice:
      'No gateway archives accounts, or a round takes longer than PDS_ARCHIVE_INTERVAL_HOURS. See the log.',
  },
]
