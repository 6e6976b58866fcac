/** Rules about calls, pages and accounts in use. */
import { perSecond, type Rule, recent, sum } from '#src/gateway/operator/alerts/rule.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'
import type { AlertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'

export const callRules: readonly Rule[] = [
  {
    name: 'HeadwaterErrors',
    evaluate: (inputs, _, words) => failures(words, recent(inputs), ({ failed }) => failed, 0.01),
  },
  {
    name: 'HeadwaterErrorsOfOtherServices',
    evaluate: (inputs, _, words) =>
      failures(words, recent(inputs), ({ failedElsewhere }) => failedElsewhere, 0.1),
  },
  {
    name: 'HeadwaterPageErrors',
    evaluate: (inputs, _, { text, number }) => {
      const rate = perSecond(recent(inputs), ({ failedPages }) => failedPages)
      return {
        bad: rate > 0.05,
        value: rate === 0 ? text('noneFailed') : text('failPerSecond', { n: number(rate) }),
      }
    },
  },
  {
    name: 'HeadwaterOverloaded',
    evaluate: (_, { lateMs }, { unit }) => ({
      bad: lateMs > 500,
      value: unit(lateMs, 'millisecond'),
    }),
  },
  {
    name: 'HeadwaterTooManyAwake',
    evaluate: ({ maxAwake }, { awake }, { text }) => ({
      bad: awake > 1.1 * maxAwake,
      value: text('ofTotal', { n: awake, total: maxAwake }),
    }),
  },
  {
    name: 'HeadwaterAccountsPutToSleep',
    evaluate: ({ samples }, _, { text, number }) => {
      const rate = perSecond(samples, ({ putToSleep }) => putToSleep)
      return { bad: rate > 1, value: text('perSecond', { n: number(rate) }) }
    },
  },
  {
    name: 'HeadwaterRateLimited',
    evaluate: ({ samples }, _, { text, number }) => {
      const rate = perSecond(samples, ({ rateLimited }) => rateLimited)
      return { bad: rate > 1, value: text('perSecond', { n: number(rate) }) }
    },
  },
  {
    name: 'HeadwaterUnhandledRejections',
    evaluate: ({ samples }, _, { text, number }) => {
      const n = sum(samples, ({ unhandled }) => unhandled)
      return { bad: n > 0, value: n === 0 ? text('noneLastHour') : number(n) }
    },
  },
]

function failures(
  { text, unit }: AlertWords,
  samples: readonly Sample[],
  of: (sample: Sample) => number,
  most: number,
) {
  const calls = sum(samples, (sample) => sample.calls)
  const failed = sum(samples, of)
  const value = calls === 0 ? text('noCalls') : unit((100 * failed) / calls, 'percent')
  return { bad: calls > 0 && failed / calls > most, value }
}
