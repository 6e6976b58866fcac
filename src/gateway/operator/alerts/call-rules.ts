/** Rules about calls, pages and accounts in use. */
import { perSecond, type Rule, recent, sum } from '#src/gateway/operator/alerts/rule.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'

export const callRules: readonly Rule[] = [
  {
    name: 'HeadwaterErrors',
    what: 'Server errors',
    evaluate: (inputs) => failures(recent(inputs), ({ failed }) => failed, 0.01),
    advice:
      'The log has a line for each, with x-request-id. 503 is the server refusing work; 507 is the disk.',
  },
  {
    name: 'HeadwaterErrorsOfOtherServices',
    what: 'Errors of other services',
    evaluate: (inputs) => failures(recent(inputs), ({ failedElsewhere }) => failedElsewhere, 0.1),
    advice: 'The AppView, a moderation service or the PLC directory fails; the log names it.',
  },
  {
    name: 'HeadwaterPageErrors',
    what: 'Errors of pages and sign-in',
    evaluate: (inputs) => {
      const rate = perSecond(recent(inputs), ({ failedPages }) => failedPages)
      return {
        bad: rate > 0.05,
        value: rate === 0 ? 'none failed' : `${rate.toFixed(2)} a second fail`,
      }
    },
    advice: 'The log has a line for each, with x-request-id.',
  },
  {
    name: 'HeadwaterOverloaded',
    what: 'Event loop delay',
    evaluate: (_, { lateMs }) => ({ bad: lateMs > 500, value: `${lateMs.toFixed(0)} ms` }),
    advice: 'Turn on PDS_RATE_LIMITS_ENABLED. More processors help only with several processes.',
  },
  {
    name: 'HeadwaterTooManyAwake',
    what: 'Accounts awake',
    evaluate: ({ maxAwake }, { awake }) => ({
      bad: awake > 1.1 * maxAwake,
      value: `${awake} of ${maxAwake}`,
    }),
    advice:
      'Raise PDS_MAX_AWAKE_ACCOUNTS if there is 1 MB of memory for each additional account. If memory is short, lower it.',
  },
  {
    name: 'HeadwaterAccountsPutToSleep',
    what: 'Accounts put to sleep to make room',
    evaluate: ({ samples }) => {
      const rate = perSecond(samples, ({ putToSleep }) => putToSleep)
      return { bad: rate > 1, value: `${rate.toFixed(2)} a second` }
    },
    advice: 'More accounts are in use than PDS_MAX_AWAKE_ACCOUNTS. Raise it if there is memory.',
  },
  {
    name: 'HeadwaterRateLimited',
    what: 'Rate-limited calls',
    evaluate: ({ samples }) => {
      const rate = perSecond(samples, ({ rateLimited }) => rateLimited)
      return { bad: rate > 1, value: `${rate.toFixed(2)} a second` }
    },
    advice:
      'To exempt a client, set PDS_RATE_LIMIT_BYPASS_IPS. If all clients have the same address, set PDS_TRUSTED_PROXIES.',
  },
  {
    name: 'HeadwaterUnhandledRejections',
    what: 'Unhandled errors',
    evaluate: ({ samples }) => {
      const n = sum(samples, ({ unhandled }) => unhandled)
      return { bad: n > 0, value: n === 0 ? 'none in the last hour' : String(n) }
    },
    advice: 'This is a bug. Report the stack trace from the log. The server keeps running.',
  },
]

function failures(samples: readonly Sample[], of: (sample: Sample) => number, most: number) {
  const calls = sum(samples, (sample) => sample.calls)
  const failed = sum(samples, of)
  const value = calls === 0 ? 'no calls' : `${((100 * failed) / calls).toFixed(1)} %`
  return { bad: calls > 0 && failed / calls > most, value }
}
