/** Rules about events on their way to the firehose and its subscribers. */
import { HOUR_MS, type Rule, recent } from '#src/gateway/operator/alerts/rule.ts'

const DAY_MS = 24 * HOUR_MS

export const eventRules: readonly Rule[] = [
  {
    name: 'HeadwaterEventsNotSequenced',
    evaluate: (inputs, _, { text }) => {
      const least = Math.min(...recent(inputs).map(({ backlog }) => backlog))
      return {
        bad: Number.isFinite(least) && least > 100,
        value: text('nWaiting', { n: inputs.samples.at(-1)!.backlog }),
      }
    },
    path: '/firehose',
  },
  {
    name: 'HeadwaterUndeliveredEvents',
    evaluate: (_, { undelivered, awake }, { text }) =>
      undelivered === null
        ? undefined
        : { bad: undelivered > 50 + 2 * awake, value: text('atMost', { n: undelivered }) },
  },
  {
    name: 'HeadwaterFirehoseLag',
    evaluate: (_, { lag }, { unit }) =>
      lag === null ? undefined : { bad: lag > 10, value: unit(lag, 'second') },
    path: '/firehose',
  },
  {
    name: 'HeadwaterSubscriberLag',
    evaluate: (_, { slowest, subscribers }, { text, unit }) => ({
      bad: slowest > 60,
      value:
        subscribers === 0
          ? text('noSubscribers')
          : text('slowestOf', { time: unit(slowest, 'second'), n: subscribers }),
    }),
    path: '/firehose',
  },
  {
    name: 'HeadwaterEventsNotTrimmed',
    evaluate: ({ oldestEventAt, now }, _, { text, unit }) =>
      oldestEventAt === undefined
        ? undefined
        : {
            bad: now - oldestEventAt > 2 * DAY_MS,
            value: text('old', {
              age: unit(Math.round((now - oldestEventAt) / HOUR_MS), 'hour', 'long'),
            }),
          },
    path: '/firehose',
  },
]
