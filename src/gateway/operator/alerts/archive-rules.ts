/** Rules about archives of accounts. */
import { HOUR_MS, type Rule } from '#src/gateway/operator/alerts/rule.ts'
import type { AlertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'

const LATE_S = (6 * HOUR_MS) / 1_000

export const archiveRules: readonly Rule[] = [
  {
    name: 'HeadwaterArchivesFail',
    evaluate: ({ archives }, _, words) => counted(words, archives?.failed),
  },
  {
    name: 'HeadwaterArchiveDrillsFail',
    evaluate: ({ archives }, _, words) => counted(words, archives?.drillsFailed),
  },
  {
    name: 'HeadwaterArchivesLate',
    evaluate: ({ archives }, _, { text, unit }) => {
      const late = archives?.lateSeconds ?? 0
      const time = unit(late / 3_600, 'hour', 'long')
      const value = late > LATE_S ? text('late', { time }) : text('inTime')
      return { bad: late > LATE_S, value: archives === undefined ? text('noArchives') : value }
    },
  },
]

function counted({ text, number }: AlertWords, n: number | undefined) {
  const value = n === undefined ? text('noArchives') : n > 0 ? number(n) : text('none')
  return { bad: n !== undefined && n > 0, value }
}
